import { z } from 'zod';
import type { LinkSession, LinkTokenStatus } from './plaid';
import { constant, dateTime, label, lenientRequestId, requestId, secret, text } from './schemas';

/*
 * `/link/token/get`, by the field names of Plaid API 1.517.0 to 1.740.1. A public token lives 30 minutes, so whatever only
 * describes it is read leniently: what cannot be read of it counts as not told, and does not hold the token up.
 */

const institution = z
  .object({ institution_id: label(200), name: label(500) })
  .optional()
  .catch(undefined);

const account = z.object({ name: label(500), mask: label(20) }).catch({ name: undefined, mask: undefined });

const accounts = z.array(account).catch([]);

/** One bank that the person connected, at most one public token. */
const result = z.object({ public_token: secret.nullish(), institution, accounts });

/** Success as Plaid told it before `results`. */
const success = z
  .object({
    public_token: secret.nullish(),
    metadata: z.object({ institution, accounts }).catch({ institution: undefined, accounts: [] }),
  })
  .transform(({ public_token, metadata }) => ({ public_token, ...metadata }));

/** The longest text of Plaid's for the person that is taken, in characters. Those that it publishes have some hundred. */
const MAX_DISPLAY_MESSAGE_LENGTH = 500;

const exit = z.object({
  error: z
    .object({
      error_type: constant,
      error_code: constant,
      display_message: label(MAX_DISPLAY_MESSAGE_LENGTH),
      request_id: requestId.optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});

/** Only the names are read: other fields hold parts of bank accounts' numbers. */
const events = z
  .array(z.object({ event_name: z.string() }).catch({ event_name: '' }))
  .optional()
  .catch(undefined);

const linkSession = z
  .object({
    link_session_id: label(200),
    finished_at: z.unknown().optional(),
    results: z.object({ item_add_results: z.array(result).nullish() }).nullish(),
    on_success: success.nullish(),
    exit: exit.nullish(),
    on_exit: exit.nullish(),
    events,
  })
  .transform((session): LinkSession => {
    const { results, on_success: onSuccess } = session;
    const left = session.exit ?? session.on_exit;
    const added = results?.item_add_results ?? [];
    const found = added.length > 0 || !onSuccess ? added : [onSuccess];
    const finished = session.finished_at != null || left != null || (results == null && onSuccess != null);
    // In update mode a success may have no result.
    const handedOff = session.events?.some(({ event_name: name }) => name === 'HANDOFF') ?? false;
    return {
      linkSessionId: session.link_session_id,
      finished,
      finishedAt: dateTime.safeParse(session.finished_at).data,
      succeeded: finished && (found.length > 0 || onSuccess != null || handedOff),
      results: found.flatMap(linkResultOf),
      exitError: exitErrorOf(left?.error),
    };
  });

function linkResultOf({ public_token: publicToken, institution: bank, accounts }: z.infer<typeof result>) {
  if (!publicToken) return [];
  return [{ publicToken, institutionId: bank?.institution_id, institutionName: bank?.name, accounts }];
}

function exitErrorOf(error: z.infer<typeof exit>['error']): LinkSession['exitError'] {
  return (
    error && {
      errorType: error.error_type,
      errorCode: error.error_code,
      displayMessage: error.display_message,
      requestId: error.request_id,
    }
  );
}

/** `/link/token/get`. `link_sessions` since 1.412, their `results` since 1.517. */
export const linkTokenGetAnswer = z
  .object({
    link_token: text,
    expiration: dateTime.optional().catch(undefined),
    link_sessions: z.array(linkSession).nullish(),
    request_id: lenientRequestId,
  })
  .transform(({ expiration, link_sessions: linkSessions, request_id }): LinkTokenStatus => ({
    expiration,
    linkSessions: linkSessions ?? [],
    requestId: request_id,
  }));
