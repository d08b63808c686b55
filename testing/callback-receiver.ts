import type { VerifiedCallback } from '../src/callbacks/verify';
import { verifyCallback } from '../src/callbacks/verify';
import type { CallbackSettings } from '../src/callbacks/sender';
import { generateKeyRingText, parseKeyRing } from '../src/secrets/key-ring';
import { httpServer } from './loopback';

/** What an answer that is not a success says: nothing of it may come to anybody. */
export const ANSWER_BODY = 'what-the-receiver-says-4711';

/** An application's receiver of callbacks, which verifies each. */
export interface CallbackReceiver {
  settings: CallbackSettings;
  /** What came about a session, each time that it came, also when it was not taken. */
  about(key: string): VerifiedCallback[];
  /** Chooses the status for a session's callbacks; default 204. A number of times, then 204 again. */
  answer(key: string, status: number, times?: number): void;
  close(): Promise<void>;
}

/** Starts a {@link CallbackReceiver} on loopback. */
export async function startCallbackReceiver(): Promise<CallbackReceiver> {
  const ring = generateKeyRingText('callback');
  const came: VerifiedCallback[] = [];
  const answers = new Map<string, { status: number; left: number }>();
  const server = await httpServer((response, { headers, body }) => {
    const callback = verifyCallback({ headers, rawBody: body, secrets: [ring.split(':')[1]!] });
    came.push(callback);
    const answer = answers.get(callback.key);
    if (answer && answer.left > 0) {
      answer.left -= 1;
      response.writeHead(answer.status, { location: '/elsewhere' }).end(ANSWER_BODY);
    } else response.writeHead(204).end();
  });
  return {
    settings: {
      url: `${server.url}/callbacks?tenant=secret-tenant`,
      keys: parseKeyRing(ring, 'callback ring'),
    },
    about: (key) => came.filter((callback) => callback.key === key),
    answer: (key, status, times = Infinity) => answers.set(key, { status, left: times }),
    close: () => server.close(),
  };
}
