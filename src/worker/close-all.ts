/** Closes in the opposite order of opening, one after the other. @throws what the first that cannot be closed does */
export async function closeAll(closers: readonly (() => Promise<void>)[]): Promise<void> {
  for (const close of [...closers].reverse()) await close();
}
