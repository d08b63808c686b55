import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Each path that is answered, with the text of its JSON. */
export type Answers = Record<string, string>;

export interface AnsweringServer {
  /** Its origin. */
  url: string;
  close(): Promise<void>;
}

/**
 * Starts an HTTP server that answers each POST at once, in a process of its own: what it costs is no part of what is measured here, and
 * it takes no turn of this event loop. It ends with this process, however that ends.
 */
export async function startAnsweringServer(answers: Answers): Promise<AnsweringServer> {
  const child = fork(join(__dirname, 'answering-server-child.ts'));
  const exited = once(child, 'exit');
  child.send(answers);
  const [port] = (await Promise.race([
    once(child, 'message'),
    exited.then(() => Promise.reject(new Error('the answering server ended at its start'))),
  ])) as [number];
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      child.disconnect();
      await exited;
    },
  };
}
