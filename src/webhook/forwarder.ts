import { BoundedPost, NoAnswerError } from '../http/bounded-post';
import type { VerifiedWebhook } from './verify';

/** How long the application may take to answer, in milliseconds. With the wait for a key it stays inside Plaid's 10 s. */
export const FORWARD_TIMEOUT_MS = 5_000;

/** The most webhooks under way to the application at once. */
export const MAX_FORWARDS = 20;

/** Why a webhook was not taken over by the application. Names no part of the URL. */
export class ForwardError extends Error {
  constructor(readonly reason: string) {
    super(`the webhook could not be forwarded: ${reason}`);
    this.name = 'ForwardError';
  }
}

/** Passes webhooks on to the application's own receiver. Repeats nothing: Plaid does, when it is told to. */
export class WebhookForwarder {
  readonly #post: BoundedPost;
  #underWay = 0;

  /** @param url by the rules of `checkWebhookUrl` */
  constructor(url: string) {
    this.#post = new BoundedPost(url, { timeoutMs: FORWARD_TIMEOUT_MS, connections: MAX_FORWARDS });
  }

  /**
   * Posts a webhook as it came, with the token by which the application can verify it for itself. Resolves when the application
   * has answered with a status of success. No redirect is followed.
   * @throws ForwardError
   */
  async forward({ body, token }: VerifiedWebhook): Promise<void> {
    if (this.#underWay >= MAX_FORWARDS) throw new ForwardError('TOO_MANY_UNDER_WAY');
    this.#underWay += 1;
    try {
      const status = await this.#post.send({ 'plaid-verification': token }, body);
      if (status >= 300) throw new ForwardError(`HTTP_${status}`);
    } catch (error) {
      throw error instanceof NoAnswerError ? new ForwardError(error.reason) : error;
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Cuts off what is still under way. */
  async close(): Promise<void> {
    await this.#post.close();
  }
}
