/** Plaid environments (hosts) that a deployment can serve. */
export const PLAID_ENVIRONMENTS = ['sandbox', 'development', 'production'] as const;
export type PlaidEnvironment = (typeof PLAID_ENVIRONMENTS)[number];

const LINK_TOKEN_PATTERN = /^link-(sandbox|development|production)-([A-Za-z0-9-]{8,100})$/;

/** Parses a link token; undefined when `linkToken` is not one. Its id is Plaid's session id and opens the hosted page. */
export function parseLinkToken(linkToken: string): { environment: PlaidEnvironment; id: string } | undefined {
  const match = LINK_TOKEN_PATTERN.exec(linkToken);
  if (!match) return undefined;
  return { environment: match[1] as PlaidEnvironment, id: match[2]! };
}
