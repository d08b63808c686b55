import { inspect } from 'node:util';

const REDACTED = '[secret]';

/**
 * A value that must never be printed: an access token, a public token, a Plaid secret or a key.
 * String conversion, JSON and `util.inspect` all give `[secret]`; only {@link Secret.reveal} gives the value.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call it only where the value leaves for Plaid or for the cipher. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
