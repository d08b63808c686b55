import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of a bench's own, which ends with this one, or when it is let go of. */
export interface Forked<Said> {
  pid: number;
  /** The first that it said. */
  said: Said;
  /** Lets go of it, and waits until it has ended. */
  close(): Promise<void>;
}

/** Forks a file, tells it `told`, and waits until it says something. @throws Error when it ends before */
export async function forkAndTell<Told extends object, Said>(
  file: string,
  told: Told,
): Promise<Forked<Said>> {
  const child = fork(file);
  const exited = once(child, 'exit');
  child.send(told);
  const [said] = (await Promise.race([
    once(child, 'message'),
    exited.then(() => Promise.reject(new Error(`${file} ended at its start`))),
  ])) as [Said];
  return {
    pid: child.pid!,
    said,
    close: async () => {
      child.disconnect();
      await exited;
    },
  };
}
