import { Configuration, PlaidApi } from 'plaid';

/** Plaid's own client, as its README shows it. */
export function officialClient(origin: string, clientId: string, secret: string): PlaidApi {
  return new PlaidApi(
    new Configuration({
      basePath: origin,
      baseOptions: { headers: { 'PLAID-CLIENT-ID': clientId, 'PLAID-SECRET': secret } },
    }),
  );
}
