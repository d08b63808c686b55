import { InputError } from '../domain/input-error';
import { Secret } from '../secrets/secret';

const TOKENS = 'HOSTED_LINK_CODEC_TOKENS';

/** The fewest characters of a bearer token: 32 of base64 hold 192 bits. */
const MIN_TOKEN_LENGTH = 32;

const TOKEN_REMEDY =
  'write each token as name:token, where the token is the output of `openssl rand -base64 32`';

/**
 * Reads `name:token` pairs separated by commas: bearer tokens by the name that the audit shows.
 *
 * @throws InputError naming HOSTED_LINK_CODEC_TOKENS, with the position of the wrong pair
 */
export function parseCodecTokens(text: string): ReadonlyMap<string, Secret> {
  const tokens = new Map<string, Secret>();
  const pairs = text.split(',').map((pair) => pair.trim());
  pairs.forEach((pair, index) => {
    const position = `token ${index + 1} of ${pairs.length}`;
    const [, name, token] = /^([A-Za-z0-9._-]{1,64}):([\w.~+/-]+=*)$/.exec(pair) ?? [];
    if (name === undefined || token === undefined)
      throw new InputError(TOKENS, `${position} is malformed`, TOKEN_REMEDY);
    if (token.length < MIN_TOKEN_LENGTH) {
      const problem = `${position} (${name}) has fewer than ${MIN_TOKEN_LENGTH} characters`;
      throw new InputError(TOKENS, problem, TOKEN_REMEDY);
    }
    if (tokens.has(name))
      throw new InputError(TOKENS, `has the name ${name} twice`, 'give each token a name of its own');
    tokens.set(name, new Secret(token));
  });
  return tokens;
}

/**
 * Reads the address of a JSON Web Key Set.
 *
 * @throws InputError naming HOSTED_LINK_CODEC_JWKS_URL when it is not `https`, or `http` on this machine
 */
export function parseKeySetUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLocal = url !== undefined && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url && url.username === '' && (url.protocol === 'https:' || (url.protocol === 'http:' && isLocal)))
    return url;
  throw new InputError(
    'HOSTED_LINK_CODEC_JWKS_URL',
    'not an https URL (http only to this machine)',
    'write it as the identity provider shows it (jwks_uri)',
  );
}
