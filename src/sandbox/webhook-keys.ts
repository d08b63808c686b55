import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { invalidInput } from './api-error';

interface SigningKey {
  readonly keyId: string;
  readonly privateKey: KeyObject;
  /** The point on the curve, each coordinate in base64url. */
  readonly point: { x: string; y: string };
  /** In seconds since 1970, as Plaid has it. */
  readonly createdAt: number;
  expiredAt: number | undefined;
}

/** The keys that sign webhooks: one signs, those before it stay known. */
export class WebhookKeys {
  readonly #keys = new Map<string, SigningKey>();
  #current: SigningKey;

  constructor(private readonly now: () => number) {
    this.#current = this.#makeKey();
  }

  /** Signs with a new key from now on, and gives its id. The one before stays good until it is expired. */
  rotate(): string {
    this.#current = this.#makeKey();
    return this.#current.keyId;
  }

  /** Withdraws a key (default: the one that signs, which goes on signing). */
  expire(keyId = this.#current.keyId): void {
    this.#find(keyId).expiredAt = seconds(this.now());
  }

  /**
   * A token for the header `Plaid-Verification`. Not made with the library that verifies it on the other side, so that each is
   * a check of the other.
   */
  sign(body: string): string {
    const { keyId, privateKey } = this.#current;
    const claims = {
      iat: seconds(this.now()),
      request_body_sha256: createHash('sha256').update(body).digest('hex'),
    };
    const signed = [{ alg: 'ES256', kid: keyId, typ: 'JWT' }, claims].map(base64Json).join('.');
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${signed}.${signature.toString('base64url')}`;
  }

  /**
   * The public key as `/webhook_verification_key/get` shows it.
   * @throws ApiError INVALID_WEBHOOK_VERIFICATION_KEY_ID
   */
  describe(keyId: string) {
    const { point, createdAt, expiredAt } = this.#find(keyId);
    return {
      alg: 'ES256',
      crv: 'P-256',
      kty: 'EC',
      use: 'sig',
      kid: keyId,
      ...point,
      created_at: createdAt,
      expired_at: expiredAt ?? null,
    };
  }

  #find(keyId: string): SigningKey {
    const key = this.#keys.get(keyId);
    if (!key) {
      throw invalidInput(
        'INVALID_WEBHOOK_VERIFICATION_KEY_ID',
        `webhook verification key ${keyId} is not known`,
      );
    }
    return key;
  }

  #makeKey(): SigningKey {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x, y } = publicKey.export({ format: 'jwk' }) as { x: string; y: string };
    const key: SigningKey = {
      keyId: randomUUID(),
      privateKey,
      point: { x, y },
      createdAt: seconds(this.now()),
      expiredAt: undefined,
    };
    this.#keys.set(key.keyId, key);
    return key;
  }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000);
}

function base64Json(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
