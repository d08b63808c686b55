import { z } from 'zod';
import type { LinkSessionShape, TokenShape } from './records';

/** How the sandbox behaves where Plaid has more than one way, or where nobody knows which one it has. */
export interface SandboxSwitches {
  /** True: `/link_delivery/get` shows a session's tokens only once. Default false. */
  tokensOnce: boolean;
  /** What `/link_delivery/get` shows of the link tokens made from now on. Default `access_tokens`, today's shape. */
  tokenShape: TokenShape;
  /** How `/link/token/get` shows the link sessions of the link tokens made from now on. Default `results`, today's shape. */
  linkSessionShape: LinkSessionShape;
  /** True: `/link/token/get` refuses an expired link token. Plaid does not say what it does. Default false. */
  refuseExpired: boolean;
  /**
   * What becomes of a public token that is exchanged again, of which Plaid says nothing: refused as INVALID_PUBLIC_TOKEN (the
   * default), the same item and access token once more, or another item.
   */
  secondExchange: 'refused' | 'same_item' | 'another_item';
  /** Where SESSION_FINISHED carries public tokens: all in today's field (the default), the first in the deprecated one, or both. */
  sessionFinishedTokens: 'public_tokens' | 'public_token' | 'both';
  /** How SESSION_FINISHED writes its status. Default `upper`, as documented. */
  sessionFinishedStatus: 'upper' | 'lower';
  /** True: each event of a `link_delivery` session is a LINK_CALLBACK with ON_EVENT. Default false. */
  eventCallbacks: boolean;
  /** True: messages do not reach the person, and DELIVERY_STATUS says FAILURE. Default false. */
  deliveryFails: boolean;
  /**
   * False: a webhook that was not taken at once never comes again, as at Plaid when a receiver has refused more than nine of ten
   * for a day. Default true.
   */
  webhookRetries: boolean;
}

/** What the switches are when nothing is said. */
export const DEFAULT_SWITCHES: Readonly<SandboxSwitches> = {
  tokensOnce: false,
  tokenShape: 'access_tokens',
  linkSessionShape: 'results',
  refuseExpired: false,
  secondExchange: 'refused',
  sessionFinishedTokens: 'public_tokens',
  sessionFinishedStatus: 'upper',
  eventCallbacks: false,
  deliveryFails: false,
  webhookRetries: true,
};

/** Some of the switches, from outside. */
export const switchesSchema = z
  .strictObject({
    tokensOnce: z.boolean(),
    tokenShape: z.enum(['access_tokens', 'public_tokens']),
    linkSessionShape: z.enum(['results', 'on_success']),
    refuseExpired: z.boolean(),
    secondExchange: z.enum(['refused', 'same_item', 'another_item']),
    sessionFinishedTokens: z.enum(['public_tokens', 'public_token', 'both']),
    sessionFinishedStatus: z.enum(['upper', 'lower']),
    eventCallbacks: z.boolean(),
    deliveryFails: z.boolean(),
    webhookRetries: z.boolean(),
  } satisfies Record<keyof SandboxSwitches, z.ZodType>)
  .partial();

/** The switches after `changes`. What is undefined stays as it is. */
export function changeSwitches(
  switches: Readonly<SandboxSwitches>,
  changes: Partial<SandboxSwitches>,
): SandboxSwitches {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return { ...switches, ...Object.fromEntries(given) };
}
