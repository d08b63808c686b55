import { type KeyObject, verify } from 'node:crypto';

/** Whether an ES256 signature of a JSON Web Token is right, by `crypto.verify` alone: no claim, no clock and no body is looked at. */
export function bareVerify(token: string, key: KeyObject): boolean {
  const end = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  return verify('sha256', Buffer.from(token.slice(0, end)), { key, dsaEncoding: 'ieee-p1363' }, signature);
}
