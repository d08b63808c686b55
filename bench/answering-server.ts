import { join } from 'node:path';
import { forkAndSend } from './forked';

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
  const { answer: port, close } = await forkAndSend<Answers, number>(
    join(__dirname, 'answering-server-child.ts'),
    answers,
  );
  return { url: `http://127.0.0.1:${port}`, close };
}
