import { Agent, request } from 'undici';

/** How much of an answer's body is read before its connection is given up, in bytes. */
const ANSWER_LIMIT_BYTES = 16 * 1024;

export interface BoundedPostOptions {
  /** How long a request may take, from its connection to the end of its answer, in milliseconds. */
  timeoutMs: number;
  /** The most connections at once. */
  connections: number;
}

/** No answer came. Its message is the reason alone: a code of Node's or undici's, or the kind of the error. */
export class NoAnswerError extends Error {
  constructor(readonly reason: string) {
    super(reason);
    this.name = 'NoAnswerError';
  }
}

/** Posts to one URL of the operator's. Repeats nothing, follows no redirect, and keeps nothing of an answer but its status. */
export class BoundedPost {
  readonly #agent: Agent;

  constructor(
    private readonly url: string,
    private readonly options: BoundedPostOptions,
  ) {
    const { connections, timeoutMs } = options;
    this.#agent = new Agent({ connections, connect: { timeout: timeoutMs } });
  }

  /**
   * Gives the answer's HTTP status, whatever comes after it.
   * @throws NoAnswerError that names no part of the URL
   */
  async send(headers: Record<string, string>, body: string | Buffer): Promise<number> {
    try {
      const answer = await request(this.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(this.options.timeoutMs),
      });
      await answer.body.dump({ limit: ANSWER_LIMIT_BYTES }).catch(() => undefined);
      return answer.statusCode;
    } catch (error) {
      throw new NoAnswerError(reasonOf(error));
    }
  }

  /** Cuts off what is still under way. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** Never a message, which may hold the URL. */
function reasonOf(error: unknown): string {
  const { code, name } = error as Error & { code?: unknown };
  if (name === 'TimeoutError') return 'TIMEOUT';
  return typeof code === 'string' ? code : name;
}
