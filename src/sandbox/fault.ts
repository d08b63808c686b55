import type { Socket } from 'node:net';

/** The endpoints that the sandbox serves. */
export const ENDPOINTS = [
  '/link/token/create',
  '/link/token/get',
  '/link_delivery/create',
  '/link_delivery/get',
  '/item/public_token/exchange',
  '/item/get',
  '/item/webhook/update',
  '/item/remove',
  '/webhook_verification_key/get',
] as const;
export type SandboxEndpoint = (typeof ENDPOINTS)[number];

/** The longest `holdMs`: beyond it, about 24 days, Node's timers fire at once. */
const LONGEST_HOLD_MS = 2 ** 31 - 1;

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
  /** Waits `holdMs` (ms), then does the work, unless the client's connection is gone by then. */
  | { kind: 'delay_before_work'; holdMs: number }
  /** Does the work, then waits `holdMs` (ms) before it answers. */
  | { kind: 'delay_after_work'; holdMs: number }
  /** The work is done; the answer carries an unknown field of `bytes` bytes. */
  | { kind: 'oversized_answer'; bytes: number };

/** How many requests a fault meets, and which. */
export interface FaultOptions {
  /** Requests that it meets before it is used up: 1 by default, Infinity for an outage. */
  times?: number;
  /** Meets only requests whose parsed body this accepts. The body holds tokens: do not print it. */
  matching?: (body: Record<string, unknown>) => boolean;
}

interface PlannedFault {
  readonly endpoint: SandboxEndpoint | undefined;
  readonly fault: Fault;
  readonly matching: (body: Record<string, unknown>) => boolean;
  timesLeft: number;
}

/** The faults that wait for their requests. The oldest one that fits a request meets it, alone. */
export class FaultPlan {
  readonly #planned = new Set<PlannedFault>();

  /**
   * Adds a fault for one endpoint, or for all of them when `endpoint` is undefined. The function that it gives removes it.
   * @throws RangeError when `times` is not a positive whole number or Infinity, or `holdMs` not within 0 and 2^31 - 1
   */
  add(endpoint: SandboxEndpoint | undefined, fault: Fault, options: FaultOptions = {}): () => void {
    const times = options.times ?? 1;
    if (times !== Infinity && !(Number.isInteger(times) && times > 0)) {
      throw new RangeError(`times must be a positive whole number or Infinity, got ${times}`);
    }
    if ('holdMs' in fault && !(fault.holdMs >= 0 && fault.holdMs <= LONGEST_HOLD_MS)) {
      throw new RangeError(`holdMs must be from 0 to ${LONGEST_HOLD_MS}, got ${fault.holdMs}`);
    }
    const planned = { endpoint, fault, matching: options.matching ?? (() => true), timesLeft: times };
    this.#planned.add(planned);
    return () => void this.#planned.delete(planned);
  }

  /** The fault that meets this request, and counts it. */
  take(endpoint: SandboxEndpoint, body: Record<string, unknown>): Fault | undefined {
    for (const planned of this.#planned) {
      if (planned.endpoint !== undefined && planned.endpoint !== endpoint) continue;
      if (!planned.matching(body)) continue;
      planned.timesLeft -= 1;
      if (planned.timesLeft === 0) this.#planned.delete(planned);
      return planned.fault;
    }
    return undefined;
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
