import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A webhook as it is posted. */
export interface SignedWebhook {
  body: string;
  /** The header `Plaid-Verification`. */
  token: string;
}

export interface SignedWebhooks {
  keyId: string;
  publicKey: KeyObject;
  /** No two alike. */
  webhooks: SignedWebhook[];
}

/** Webhooks of sessions that end, signed as Plaid signs them, with a key of their own. */
export function signWebhooks(count: number, now: number): SignedWebhooks {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyId = '6c5516e1-92dc-479e-a8ff-5a51992e0001';
  const webhooks = Array.from({ length: count }, (_, index) => {
    const body = JSON.stringify(callback(index), undefined, 2);
    const signed = [
      { alg: 'ES256', kid: keyId, typ: 'JWT' },
      {
        iat: Math.floor(now / 1_000),
        request_body_sha256: createHash('sha256').update(body).digest('hex'),
      },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return { body, token: `${signed}.${signature.toString('base64url')}` };
  });
  return { keyId, publicKey, webhooks };
}

function callback(index: number) {
  const sessionId = `3f0c1d7e-0000-4000-8000-${String(index).padStart(12, '0')}`;
  return {
    link_callback_metadata: {
      accounts: [{ name: 'Plaid Saving', mask: '1111' }],
      callback_type: 'ON_SUCCESS',
      event_name: 'HANDOFF',
      request_id: 'm8MDnv9okwxFNBV',
    },
    link_delivery_session_id: sessionId,
    timestamp: '2030-05-01T12:00:00Z',
    webhook_code: 'LINK_CALLBACK',
    webhook_type: 'LINK_DELIVERY',
  };
}
