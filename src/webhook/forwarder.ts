import { Agent, request } from 'undici';
import type { VerifiedWebhook } from './verify';

/** How long the application may take to answer, in milliseconds. With the wait for a key it stays inside Plaid's 10 s. */
export const FORWARD_TIMEOUT_MS = 5_000;

/** The most webhooks under way to the application at once. */
export const MAX_FORWARDS = 20;

/** How much of an answer's body is read before its connection is given up, in bytes. */
const ANSWER_LIMIT_BYTES = 16 * 1024;

/** Why a webhook was not taken over by the application. Names no part of the URL. */
export class ForwardError extends Error {
  constructor(readonly reason: string) {
    super(`the webhook could not be forwarded: ${reason}`);
    this.name = 'ForwardError';
  }
}

/** Passes webhooks on to the application's own receiver. Repeats nothing: Plaid does, when it is told to. */
export class WebhookForwarder {
  readonly #agent = new Agent({ connections: MAX_FORWARDS, connect: { timeout: FORWARD_TIMEOUT_MS } });
  #underWay = 0;

  /** @param url by the rules of `checkWebhookUrl` */
  constructor(private readonly url: string) {}

  /**
   * Posts a webhook as it came, with the token by which the application can verify it for itself. Resolves when the application
   * has answered with a status of success. No redirect is followed.
   * @throws ForwardError
   */
  async forward({ body, token }: VerifiedWebhook): Promise<void> {
    if (this.#underWay >= MAX_FORWARDS) throw new ForwardError('TOO_MANY_UNDER_WAY');
    this.#underWay += 1;
    try {
      const answer = await request(this.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'plaid-verification': token },
        body,
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(FORWARD_TIMEOUT_MS),
      });
      await answer.body.dump({ limit: ANSWER_LIMIT_BYTES });
      if (answer.statusCode >= 300) throw new ForwardError(`HTTP_${answer.statusCode}`);
    } catch (error) {
      throw error instanceof ForwardError ? error : new ForwardError(codeOf(error));
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Cuts off what is still under way. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** A code of Node's or undici's, or the name of the error: messages may hold the URL. */
function codeOf(error: unknown): string {
  const { code, name } = error as Error & { code?: unknown };
  return typeof code === 'string' ? code : name;
}
