/** What an end of a program calls, in the opposite order of opening. */
export type Closers = (() => Promise<void>)[];

/** Closes in the opposite order of opening; what cannot be closed keeps nothing else open. */
export async function closeAll(closers: Closers, log: (line: string) => void): Promise<void> {
  for (const close of closers.reverse()) {
    await close().catch((error: unknown) => log(`While stopping: ${String(error)}`));
  }
}
