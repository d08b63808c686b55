import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { decrypt, encrypt } from '../src/vault/crypto/aes-gcm';

/** A key management service with one key that never leaves it; `key-service-provider.mjs` asks it. */
export interface KeyService {
  url: string;
  /** How often it has wrapped. */
  wraps(): number;
  /** Lets it answer a wrap only once `gate` has resolved. */
  holdWraps(gate: Promise<void>): void;
  close(): Promise<void>;
}

export async function startKeyService(): Promise<KeyService> {
  const key = randomBytes(32);
  let wraps = 0;
  let gate: Promise<void> | undefined;

  async function answer(request: IncomingMessage): Promise<Buffer | undefined> {
    const body = JSON.parse(await text(request)) as Record<'bytes' | 'associatedData', string>;
    const bytes = Buffer.from(body.bytes, 'base64');
    const associatedData = Buffer.from(body.associatedData, 'base64');
    if (request.url === '/wrap') {
      wraps++;
      await gate;
      return encrypt(key, bytes, associatedData);
    }
    try {
      return decrypt(key, bytes, associatedData);
    } catch {
      return undefined;
    }
  }

  const server = createServer((request, response) => {
    void answer(request).then((bytes) => response.writeHead(bytes ? 200 : 422).end(bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    wraps: () => wraps,
    holdWraps(until) {
      gate = until;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
