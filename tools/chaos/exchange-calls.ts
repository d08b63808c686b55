import { createHash } from 'node:crypto';
import type { Fault, Sandbox } from '../../src/sandbox';

const EXCHANGE = '/item/public_token/exchange';

/** How long the worker waits for Plaid's answer, in milliseconds. */
const ANSWER_TIMEOUT_MS = 20_000;

/** One call to exchange a public token. */
export interface ExchangeCall {
  /** The token's SHA-256 (hex), as the vault's journal names its result. */
  resultId: string;
  /** When it came, in milliseconds since 1970. */
  at: number;
  /** Whether Plaid did what it was asked for, and its answer could be read: ANSWERED, also when the answer was a refusal. */
  fate: 'ANSWERED' | 'ANSWER_LOST' | 'NOT_DONE';
}

/** Keeps a record of all calls to exchange public tokens, as they come to Plaid. */
export class ExchangeCalls {
  readonly calls: ExchangeCall[] = [];
  #ofBody = new WeakMap<object, ExchangeCall>();

  /** Begins. Must come before other faults of the endpoint are planned. The function that it gives ends it. */
  observe(sandbox: Sandbox): () => void {
    const fault: Fault = { kind: 'reset_before_work' };
    return sandbox.fault(EXCHANGE, fault, {
      times: Infinity,
      matching: (body) => {
        const call: ExchangeCall = {
          resultId: sha256(String(body['public_token'])),
          at: Date.now(),
          fate: 'ANSWERED',
        };
        this.calls.push(call);
        this.#ofBody.set(body, call);
        return false;
      },
    });
  }

  /** A fault meets the call with this body. */
  met(body: object, fault: Fault): void {
    const call = this.#ofBody.get(body);
    if (call) call.fate = fateOf(fault);
  }
}

/** As the ids of results are made from tokens. */
export function sha256(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function fateOf(fault: Fault): ExchangeCall['fate'] {
  switch (fault.kind) {
    case 'reset_before_work':
    case 'delay_before_work':
      return 'NOT_DONE';
    case 'html':
    case 'plaid_error':
      return fault.afterWork ? 'ANSWER_LOST' : 'NOT_DONE';
    case 'delay_after_work':
      return fault.holdMs < ANSWER_TIMEOUT_MS ? 'ANSWERED' : 'ANSWER_LOST';
    case 'slow_headers':
    case 'slow_body':
    case 'reset_after_work':
    case 'reset_in_answer':
    case 'truncated_json':
    case 'oversized_answer':
      return 'ANSWER_LOST';
  }
}
