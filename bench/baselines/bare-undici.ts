import { request } from 'undici';

/**
 * A call to Plaid by `undici.request` alone, as its documentation shows it: no limits, no check of what comes, no error but
 * undici's own.
 */
export function bareUndici(
  origin: string,
  clientId: string,
  secret: string,
): (path: string, content: object) => Promise<unknown> {
  const headers = {
    'content-type': 'application/json',
    'plaid-client-id': clientId,
    'plaid-secret': secret,
  };
  return async (path, content) => {
    const { body } = await request(origin + path, { method: 'POST', headers, body: JSON.stringify(content) });
    return await body.json();
  };
}
