import type { Secret } from './secret';

/** What kind of token Plaid handed out for a result. */
export type TokenKind = 'access_token' | 'public_token';

/** An account that the person chose, as far as it tells one from another. Personal data. */
export interface SeenAccount {
  name: string | undefined;
  /** The last digits of its number. */
  mask: string | undefined;
}

/** A token as the get that saw it hands it over, with what Plaid told of it. */
export interface SeenToken {
  kind: TokenKind;
  token: Secret;
  /** Plaid's id of the link session that it came from; for Plaid's support. */
  linkSessionId?: string | undefined;
  institutionId?: string | undefined;
  institutionName?: string | undefined;
  accounts?: SeenAccount[] | undefined;
}
