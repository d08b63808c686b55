import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { CryptoKey, JWK, JWTPayload } from 'jose' with { 'resolution-mode': 'import' };

export const ISSUER = 'https://login.example/';
export const AUDIENCE = 'codec-server';

/** How a token is signed, where it is not as usual. */
export interface Signing {
  key?: CryptoKey | Uint8Array;
  alg?: string;
  kid?: string;
}

/** An identity provider, as far as a codec server and the users of Web UI see one. */
export interface IdentityProvider {
  /** Where its key set is. */
  url: URL;
  /** Answers with this status from now on. */
  status: number;
  /** How often the key set was asked for. */
  requests: number;
  keys: JWK[];
  /** Makes a key and publishes its public part. */
  addKey(kid: string, alg?: string): Promise<CryptoKey>;
  /** The access token of a user who may read the namespace `default`, but for what `claims` say; undefined leaves one out. */
  sign(claims?: JWTPayload, signing?: Signing): Promise<string>;
  close(): void;
}

/** Starts an identity provider with one key, `key-1`. */
export async function startIdentityProvider(): Promise<IdentityProvider> {
  const { exportJWK, generateKeyPair, SignJWT } = await import('jose');
  const server: Server = createServer((_request, response) => {
    provider.requests += 1;
    response
      .writeHead(provider.status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ keys: provider.keys }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const provider: IdentityProvider = {
    url: new URL(`http://127.0.0.1:${port}/.well-known/jwks.json`),
    status: 200,
    requests: 0,
    keys: [],
    async addKey(kid, alg = 'ES256') {
      const { publicKey, privateKey } = await generateKeyPair(alg);
      provider.keys.push({ ...(await exportJWK(publicKey)), kid, alg, use: 'sig' });
      return privateKey;
    },
    async sign(claims = {}, { key = signingKey, alg = 'ES256', kid = 'key-1' } = {}) {
      const now = Math.floor(Date.now() / 1000);
      const payload = {
        iss: ISSUER,
        aud: AUDIENCE,
        sub: 'user-1',
        iat: now,
        exp: now + 600,
        permissions: ['default:read'],
      };
      const all = Object.entries({ ...payload, ...claims }).filter(([, value]) => value !== undefined);
      return await new SignJWT(Object.fromEntries(all)).setProtectedHeader({ alg, kid }).sign(key);
    },
    close: () => void server.close(),
  };
  const signingKey = await provider.addKey('key-1');
  return provider;
}
