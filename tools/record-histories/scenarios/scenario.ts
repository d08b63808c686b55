import type { Fault } from '../../../src/sandbox';
import type { Stage } from '../stage';

/** One way in which a session goes, and the names under which its histories are kept. At least one is given. */
export interface Scenario {
  session?: string;
  /** For the history of its token exchange. */
  exchange?: string;
  /** For the history of its first run, when it continues as new. */
  continued?: string;
  /** For the history of the removal of its item. */
  removal?: string;
  /** For the history of the delivery of its callbacks. */
  callbacks?: string;
  /** For the history of the erasure of its user. */
  erasure?: string;
  play(stage: Stage): Promise<void>;
}

/** Lets Plaid send the link. */
export const SMS = { method: 'SMS', address: '+14155550123' } as const;

/** A request for a link token. */
export const REQUEST = {
  client_name: 'Recorded application',
  language: 'en',
  country_codes: ['US'],
  user: { client_user_id: 'recorded-user' },
  products: ['auth'],
};

/** An error of Plaid's that no retry can mend. */
export const REFUSED: Fault = {
  kind: 'plaid_error',
  status: 400,
  errorType: 'INVALID_REQUEST',
  errorCode: 'INVALID_FIELD',
};
