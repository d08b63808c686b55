import { defineSearchAttributeKey, SearchAttributeType, type SearchAttributePair } from '@temporalio/common';
import type { PlaidFlow } from '../domain/plaid-flow';
import type { SessionState } from '../domain/states';

/** A session's state, such as `WAITING`. */
export const STATE_ATTRIBUTE = defineSearchAttributeKey('HostedLinkState', SearchAttributeType.KEYWORD);

/** The Plaid API that serves a session, such as `link_delivery`. */
export const PLAID_FLOW_ATTRIBUTE = defineSearchAttributeKey(
  'HostedLinkPlaidFlow',
  SearchAttributeType.KEYWORD,
);

/** What stands for Plaid's session id: its `plaidSessionHash`. */
export const PLAID_SESSION_ATTRIBUTE = defineSearchAttributeKey(
  'HostedLinkPlaidSession',
  SearchAttributeType.KEYWORD,
);

/** The person: the `userHash` of the caller's id, or that id where HOSTED_LINK_USER_ATTRIBUTE is `clear`. */
export const USER_ATTRIBUTE = defineSearchAttributeKey('HostedLinkUser', SearchAttributeType.KEYWORD);

/** Plaid's ids of the institutions that the results of a token exchange are from. */
export const INSTITUTION_ATTRIBUTE = defineSearchAttributeKey(
  'HostedLinkInstitution',
  SearchAttributeType.KEYWORD_LIST,
);

/** The search attributes that a namespace must have before a session can start. */
export const SEARCH_ATTRIBUTES = [
  STATE_ATTRIBUTE,
  PLAID_FLOW_ATTRIBUTE,
  PLAID_SESSION_ATTRIBUTE,
  USER_ATTRIBUTE,
  INSTITUTION_ATTRIBUTE,
] as const;

/** What a session, or its token exchange, can be found by. All of it stands in clear. */
export interface SessionAttributes {
  state?: SessionState | undefined;
  plaidFlow: PlaidFlow;
  plaidSessionHash?: string | undefined;
  /** See {@link USER_ATTRIBUTE}. */
  user?: string | undefined;
}

/** The search attributes of what is known. */
export function searchAttributes({
  state,
  plaidFlow,
  plaidSessionHash,
  user,
}: SessionAttributes): SearchAttributePair[] {
  return [
    ...(state === undefined ? [] : [{ key: STATE_ATTRIBUTE, value: state }]),
    { key: PLAID_FLOW_ATTRIBUTE, value: plaidFlow },
    ...(plaidSessionHash === undefined ? [] : [{ key: PLAID_SESSION_ATTRIBUTE, value: plaidSessionHash }]),
    ...(user === undefined ? [] : [{ key: USER_ATTRIBUTE, value: user }]),
  ];
}
