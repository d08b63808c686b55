import { combineInputErrors, InputError } from '../domain/input-error';
import { Secret } from '../secrets/secret';

/** The fewest characters of a bearer token: 32 of base64 hold 192 bits. */
const MIN_TOKEN_LENGTH = 32;

/** The JSON Web Tokens that the codec server accepts from Web UI's users. */
export interface JwtAccess {
  /** Where the issuer's public keys are, as a JSON Web Key Set. */
  keySetUrl: URL;
  /** The exact claim `iss`. */
  issuer: string;
  /** What the claim `aud` must hold. */
  audience: string;
  /** The namespace whose payloads the codec server decodes: X-Namespace must name it, and the user must be allowed to read it. */
  namespace: string;
  /**
   * Users (claim `sub`) who may decode whatever their claim `permissions` says, `*` for each that issuer and audience let in.
   * Default none.
   */
  subjects?: readonly string[] | undefined;
}

/** What a deployment sets of the codec server's callers. */
export interface AccessSettings {
  /** Bearer tokens by name; empty when none is set. */
  tokens: ReadonlyMap<string, Secret>;
  jwt: Omit<JwtAccess, 'namespace'> | undefined;
}

/**
 * Reads who may use the codec server; undefined when nobody is named.
 * @param given values by setting; an absent one is undefined
 * @throws InputError telling all problems, a line each
 */
export function readAccessSettings(given: Record<string, string | undefined>): AccessSettings | undefined {
  const problems: InputError[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(error);
      return undefined;
    }
  };
  const tokens = attempt(() => parseTokens(given['HOSTED_LINK_CODEC_TOKENS'], 'HOSTED_LINK_CODEC_TOKENS'));
  const jwt = attempt(() => readJwt(given));
  if (problems.length > 0) throw combineInputErrors(problems);
  return tokens!.size > 0 || jwt ? { tokens: tokens!, jwt } : undefined;
}

/** `name:token` pairs separated by commas. The name is what the audit shows. */
function parseTokens(text: string | undefined, setting: string): Map<string, Secret> {
  const tokens = new Map<string, Secret>();
  if (text === undefined) return tokens;
  const remedy = 'write each token as name:token, where the token is the output of `openssl rand -base64 32`';
  const pairs = text.split(',').map((pair) => pair.trim());
  pairs.forEach((pair, index) => {
    const position = `token ${index + 1} of ${pairs.length}`;
    const [, name, token] = /^([A-Za-z0-9._-]{1,64}):([\w.~+/-]+=*)$/.exec(pair) ?? [];
    if (name === undefined || token === undefined)
      throw new InputError(setting, `${position} is malformed`, remedy);
    if (token.length < MIN_TOKEN_LENGTH)
      throw new InputError(
        setting,
        `${position} (${name}) has fewer than ${MIN_TOKEN_LENGTH} characters`,
        remedy,
      );
    if (tokens.has(name))
      throw new InputError(setting, `has the name ${name} twice`, 'give each token a name of its own');
    tokens.set(name, new Secret(token));
  });
  return tokens;
}

function readJwt(given: Record<string, string | undefined>): AccessSettings['jwt'] {
  const setting = 'HOSTED_LINK_CODEC_JWKS_URL';
  const {
    HOSTED_LINK_CODEC_JWKS_URL: url,
    HOSTED_LINK_CODEC_JWT_ISSUER: issuer,
    HOSTED_LINK_CODEC_JWT_AUDIENCE: audience,
    HOSTED_LINK_CODEC_JWT_SUBJECTS: subjects,
  } = given;
  const others = { HOSTED_LINK_CODEC_JWT_ISSUER: issuer, HOSTED_LINK_CODEC_JWT_AUDIENCE: audience };
  if (url === undefined) {
    const stray = Object.entries({ ...others, HOSTED_LINK_CODEC_JWT_SUBJECTS: subjects }).find(
      ([, value]) => value !== undefined,
    );
    if (!stray) return undefined;
    throw new InputError(
      setting,
      `missing, with ${stray[0]} set`,
      "set it to where the identity provider's keys are",
    );
  }
  const missing = Object.entries(others).filter(([, value]) => value === undefined);
  if (missing.length > 0)
    throw combineInputErrors(
      missing.map(
        ([name]) =>
          new InputError(
            name,
            `missing, with ${setting} set`,
            'set it to what the tokens for the codec server say',
          ),
      ),
    );
  return {
    keySetUrl: parseKeySetUrl(url, setting),
    issuer: issuer!,
    audience: audience!,
    subjects: subjects?.split(',').map((subject) => subject.trim()),
  };
}

function parseKeySetUrl(text: string, setting: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLocal = url !== undefined && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url && url.username === '' && (url.protocol === 'https:' || (url.protocol === 'http:' && isLocal)))
    return url;
  throw new InputError(
    setting,
    'not an https URL (http only to this machine)',
    'write it as the identity provider shows it (jwks_uri)',
  );
}
