/** Rejects with `tooLong()` when `work` takes longer than `ms` milliseconds; the work itself goes on. */
export async function withTimeout<T>(ms: number, work: Promise<T>, tooLong: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooLong()), ms);
  });
  try {
    return await Promise.race([work, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
