import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A child process of a bench. It ends with this process, or when it is closed. */
export interface Forked<Answer> {
  pid: number;
  /** The first message that it sent. */
  answer: Answer;
  /** Disconnects it, which ends it, and waits until it has ended. */
  close(): Promise<void>;
}

/** Forks a file, sends it a message and waits for its first one. @throws Error when it ends before */
export async function forkAndSend<Message extends object, Answer>(
  file: string,
  message: Message,
): Promise<Forked<Answer>> {
  const child = fork(file);
  const exited = once(child, 'exit');
  child.send(message);
  const [answer] = (await Promise.race([
    once(child, 'message'),
    exited.then(() => Promise.reject(new Error(`${file} ended at its start`))),
  ])) as [Answer];
  return {
    pid: child.pid!,
    answer,
    close: async () => {
      child.disconnect();
      await exited;
    },
  };
}
