import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Secret } from '../../secrets/secret';
import { AnsweredError } from '../../http/server';

/** Asymmetric ones only: a key set is public, so a token "signed" by a shared secret proves nothing. */
const ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
  'EdDSA',
  'Ed25519',
];

/** How far the issuer's clock may be from ours, in seconds. */
const CLOCK_TOLERANCE_S = 30;

/** How long the key set may take to come, in milliseconds. */
const KEY_SET_TIMEOUT_MS = 5_000;

/** jose's codes for what is wrong with the key set, and not with the token. */
const KEY_SET_ERRORS = ['ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID', 'ERR_JWKS_TIMEOUT'];

/** Temporal's name for permissions on everything, and its roles that may read, by its own claim mapper (server 1.29). */
const SYSTEM_SCOPE = 'temporal-system';
const READING_ROLES = ['read', 'write', 'admin'];

/** The JSON Web Tokens that the codec server accepts from Web UI's users. */
export interface JwtAccess {
  /** Where the issuer's public keys are, as a JSON Web Key Set. */
  keySetUrl: URL;
  /** The exact claim `iss`. */
  issuer: string;
  /** What the claim `aud` must contain. */
  audience: string;
  /** The namespace whose payloads the codec server decodes: X-Namespace must name it, and the user must be allowed to read it. */
  namespace: string;
  /**
   * Users (claim `sub`) who may decode whatever their claim `permissions` says, `*` for each that issuer and audience let in.
   * Default none.
   */
  subjects?: readonly string[] | undefined;
}

/** Who may decode: the holders of tokens, the users of an identity provider, or both. */
export interface CodecAccessOptions {
  /** Bearer tokens by the names under which their holders are audited. */
  tokens?: ReadonlyMap<string, Secret> | undefined;
  /** The JSON Web Tokens that Temporal Web UI passes on for its users. */
  jwt?: JwtAccess | undefined;
}

/** A request that is not to be answered. The message is for the caller, and holds nothing of the request. */
export class AccessDenied extends AnsweredError {
  /**
   * @param statusCode 401 without a valid token, 403 with one that does not suffice, 503 when that cannot be checked
   * @param who the user, with 403
   */
  constructor(
    override readonly statusCode: 401 | 403 | 503,
    message: string,
    readonly who: string | null = null,
  ) {
    super(statusCode, message);
    this.name = 'AccessDenied';
  }
}

/** Tells who calls: the name of a token, or a user's `sub`. @throws AccessDenied */
export type CheckAccess = (request: {
  /** The headers `Authorization` and `X-Namespace`. */
  authorization: string | undefined;
  namespace: string | undefined;
}) => Promise<string>;

const claimsSchema = z.object({
  sub: z.string().min(1).max(256),
  permissions: z.array(z.unknown()).catch([]).default([]),
});

/**
 * Makes the check of who may decode. A bearer token is compared in constant time with each that is known; any other one is verified
 * as a JSON Web Token where there is an issuer: signature, issuer, audience, times, and that its user may read the namespace,
 * which the claim `permissions` says as Temporal's own default claim mapper reads it (`<namespace>:read`, `write` or `admin`, or
 * the same for `temporal-system`).
 */
export function createAccessCheck({ tokens = new Map(), jwt }: CodecAccessOptions): CheckAccess {
  const digests = [...tokens].map(([name, token]) => ({ name, digest: sha256(token.reveal()) }));
  const checkJwt = jwt && createJwtCheck(jwt);
  return async ({ authorization, namespace }) => {
    const token = /^bearer +([\w.~+/=-]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined)
      throw new AccessDenied(401, 'a bearer token is missing; send it in Authorization');
    const digest = sha256(token);
    // No early end, so that the time does not show which token it nearly was.
    const holders = digests.filter((known) => timingSafeEqual(known.digest, digest));
    if (holders[0]) return holders[0].name;
    if (!checkJwt)
      throw new AccessDenied(401, 'the bearer token is not known; take one that the codec server has');
    return await checkJwt(token, namespace);
  };
}

function createJwtCheck(access: JwtAccess) {
  const verify = verifier(access);
  return async (token: string, namespace: string | undefined): Promise<string> => {
    const { sub, permissions } = await verify(token);
    if (namespace !== access.namespace)
      throw new AccessDenied(
        403,
        'X-Namespace is not the namespace that this codec server decodes; look there instead',
        sub,
      );
    const { subjects = [] } = access;
    if (subjects.includes('*') || subjects.includes(sub) || permissions.some(readsIn(namespace))) return sub;
    throw new AccessDenied(
      403,
      'the user may not read this namespace; have the identity provider allow it in the claim permissions',
      sub,
    );
  };
}

/** Keeps the issuer's keys; asks for them anew when they are 10 min old, or when a token names another, at most every 30 s. */
function verifier({ keySetUrl, issuer, audience }: JwtAccess) {
  // Published as ES modules only, which CommonJS cannot `require` before Node 20.19.
  const loaded = import('jose').then(({ createRemoteJWKSet, errors, jwtVerify }) => ({
    keySet: createRemoteJWKSet(keySetUrl, { timeoutDuration: KEY_SET_TIMEOUT_MS }),
    errors,
    jwtVerify,
  }));
  return async (token: string): Promise<z.infer<typeof claimsSchema>> => {
    const { keySet, errors, jwtVerify } = await loaded;
    const { payload } = await jwtVerify(token, keySet, {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ['exp', 'sub'],
    }).catch((error: unknown) => {
      if (error instanceof errors.JWTExpired)
        throw new AccessDenied(401, 'the token has expired; sign in again');
      if (error instanceof errors.JWTClaimValidationFailed)
        throw new AccessDenied(401, `the token's claim ${error.claim} is missing or not the expected one`);
      if (error instanceof errors.JOSEError && !KEY_SET_ERRORS.includes(error.code))
        throw new AccessDenied(401, 'the token is not one of the identity provider; sign in again');
      // An error that is not jose's came from fetch.
      throw new AccessDenied(503, "the identity provider's keys cannot be had now; try again");
    });
    const claims = claimsSchema.safeParse(payload);
    if (claims.success) return claims.data;
    throw new AccessDenied(401, "the token's claim sub is not a text of 1 to 256 characters");
  };
}

function readsIn(namespace: string): (permission: unknown) => boolean {
  return (permission) => {
    const [, scope, role] = /^([^:]+):(.+)$/.exec(String(permission)) ?? [];
    if (role === undefined || !READING_ROLES.includes(role.toLowerCase())) return false;
    return scope === namespace || scope === SYSTEM_SCOPE;
  };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
