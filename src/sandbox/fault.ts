import type { Socket } from 'node:net';

/** The endpoints that the sandbox serves. */
export const ENDPOINTS = [
  '/link/token/create',
  '/link/token/get',
  '/link_delivery/create',
  '/link_delivery/get',
  '/item/public_token/exchange',
  '/item/get',
  '/accounts/get',
  '/item/webhook/update',
  '/item/remove',
  '/webhook_verification_key/get',
  '/sandbox/public_token/create',
  '/sandbox/item/reset_login',
  '/sandbox/item/fire_webhook',
] as const;
export type SandboxEndpoint = (typeof ENDPOINTS)[number];

/** The longest wait of a fault: beyond it, about 24 days, Node's timers fire at once. */
export const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** What goes wrong with one request. "Work" is what the request asks for: a token made, an item removed. */
export type Fault =
  /** An error in Plaid's shape. The work is not done, or with `afterWork` it is, as when a server fails at its end. */
  | { kind: 'plaid_error'; status: number; errorType: string; errorCode: string; afterWork?: boolean }
  /** A page instead of JSON, as from a gateway in between. */
  | { kind: 'html'; status: number; afterWork?: boolean }
  /** The work is done; the answer is the first half of its JSON, in a well-formed HTTP response. */
  | { kind: 'truncated_json' }
  /** The connection is reset and no work done. */
  | { kind: 'reset_before_work' }
  /** The work is done and the connection reset before the answer. */
  | { kind: 'reset_after_work' }
  /** The work is done; the headers come and the first half of the body, and then the connection is reset. */
  | { kind: 'reset_in_answer' }
  /** Waits `holdMs` (ms), then does the work, unless the client's connection is gone by then. */
  | { kind: 'delay_before_work'; holdMs: number }
  /** Does the work, then waits `holdMs` (ms) before it answers. */
  | { kind: 'delay_after_work'; holdMs: number }
  /** The work is done; the headers come one by one, `pieceMs` (ms) apart, and then the body. */
  | { kind: 'slow_headers'; pieceMs: number }
  /** The work is done; the headers come at once, and the body in 16 pieces, `pieceMs` (ms) apart. */
  | { kind: 'slow_body'; pieceMs: number }
  /** The work is done; the answer carries an unknown field of `bytes` bytes. */
  | { kind: 'oversized_answer'; bytes: number };

/** A request to an endpoint. Its parsed body holds tokens: do not print it. */
export interface FaultSubject {
  endpoint: SandboxEndpoint;
  body: Record<string, unknown>;
}

/** @throws RangeError when a wait of the fault is not within 0 and 2^31 - 1 ms, or `bytes` is negative or not a whole number */
export function checkFault(fault: Fault): void {
  for (const [name, waitMs] of Object.entries(fault)) {
    if (!name.endsWith('Ms') || (Number(waitMs) >= 0 && Number(waitMs) <= LONGEST_WAIT_MS)) continue;
    throw new RangeError(`${name} must be from 0 to ${LONGEST_WAIT_MS}, got ${String(waitMs)}`);
  }
  if (fault.kind === 'oversized_answer' && !(Number.isInteger(fault.bytes) && fault.bytes >= 0)) {
    throw new RangeError(`bytes must be a whole number, got ${fault.bytes}`);
  }
}

/** Waits `holdMs` (ms). Gives false at once when the client's connection closes before. */
export function hold(holdMs: number, socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (stillThere: boolean): void => {
      clearTimeout(timer);
      socket.off('close', onClose);
      resolve(stillThere);
    };
    const onClose = (): void => finish(false);
    const timer = setTimeout(() => finish(!socket.destroyed), holdMs);
    socket.once('close', onClose);
    if (socket.destroyed) finish(false);
  });
}
