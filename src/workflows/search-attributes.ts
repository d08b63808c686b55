import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** A session's state, such as `WAITING`. */
export const STATE_ATTRIBUTE = defineSearchAttributeKey('HostedLinkState', SearchAttributeType.KEYWORD);

/** The Plaid API that serves a session, such as `link_delivery`. */
export const LINK_API_ATTRIBUTE = defineSearchAttributeKey('HostedLinkApi', SearchAttributeType.KEYWORD);

/** The search attributes that a namespace must have before a session can start. */
export const SEARCH_ATTRIBUTES = [STATE_ATTRIBUTE, LINK_API_ATTRIBUTE] as const;
