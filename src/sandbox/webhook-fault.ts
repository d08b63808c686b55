/** What goes wrong with one webhook on its way. */
export type WebhookFault =
  /** It is never sent. */
  | { kind: 'lose' }
  /** It comes again though it was taken: `copies` times more (default 1), each `afterMs` (default 0) after the one before. */
  | { kind: 'duplicate'; copies?: number; afterMs?: number }
  /** It is sent `byMs` later. */
  | { kind: 'delay'; byMs: number }
  /** It is sent after the next one to the same URL, or after a minute when none comes. */
  | { kind: 'reorder' };

/** The body of a webhook. Tokens may be in it: do not print it. */
export interface Webhook extends Record<string, unknown> {
  webhook_type: string;
  webhook_code: string;
}

/** @throws RangeError when a number of the fault is out of bounds */
export function checkWebhookFault(fault: WebhookFault): void {
  const waitMs = fault.kind === 'delay' ? fault.byMs : fault.kind === 'duplicate' ? (fault.afterMs ?? 0) : 0;
  if (!(waitMs >= 0 && waitMs < Infinity)) throw new RangeError(`a webhook cannot wait for ${waitMs} ms`);
  const copies = fault.kind === 'duplicate' ? (fault.copies ?? 1) : 1;
  if (!(Number.isInteger(copies) && copies > 0)) {
    throw new RangeError(`copies must be a positive whole number, got ${copies}`);
  }
}
