import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { SignedWebhook } from './signed-webhooks';

/** The message that asks the sender's process to send webhooks. */
export interface SendRequest {
  url: string;
  webhooks: SignedWebhook[];
  /** How many are under way at any time. */
  atOnce: number;
}

/** How long sending took. */
export interface SendResult {
  seconds: number;
  /** How long 99 % of them were answered in, in milliseconds. */
  p99Ms: number;
}

export interface WebhookSender {
  /** @throws Error when one is not answered with 200 */
  send(sending: SendRequest): Promise<SendResult>;
  close(): Promise<void>;
}

/** Sends webhooks from a process of its own, so that only the receiver's work is done, and counted, in this one. */
export function startWebhookSender(): WebhookSender {
  const child = fork(join(__dirname, 'webhook-sender-child.ts'));
  const exited = once(child, 'exit');
  return {
    async send(sending) {
      child.send(sending);
      const [answer] = (await Promise.race([once(child, 'message'), exited])) as [
        SendResult | string | number | null,
      ];
      if (answer === null || typeof answer !== 'object')
        throw new Error(`the sender of webhooks failed: ${answer}`);
      return answer;
    },
    close: async () => {
      child.disconnect();
      await exited;
    },
  };
}
