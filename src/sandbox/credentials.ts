import { createHash, timingSafeEqual } from 'node:crypto';
import { Secret } from '../secrets/secret';

/** The client id and secret that this Plaid knows. */
export class Credentials {
  readonly #secret: Secret;

  constructor(
    private readonly clientId: string,
    secret: string,
  ) {
    this.#secret = new Secret(secret);
  }

  /** Whether both are right. Compares in constant time, whatever the lengths. */
  accept(clientId: string, secret: string): boolean {
    const idFits = sameText(clientId, this.clientId);
    return sameText(secret, this.#secret.reveal()) && idFits;
  }
}

function sameText(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
