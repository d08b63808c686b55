import { plaidErrorBody } from './api-error';
import type { SandboxInstitution } from './institutions';
import { iso } from './iso';
import { randomId } from './random-id';
import type {
  LinkedAccount,
  LinkEvent,
  SandboxLinkSession,
  LinkTokenRecord,
  PublicTokenRecord,
} from './records';

/** A link session as `/link/token/get` shows it, by the field names of Plaid API 1.517.0 to 1.740.1. */
export function linkSessionBody(linkSession: SandboxLinkSession, { linkSessionShape }: LinkTokenRecord) {
  const { linkSessionId, startedAt, finishedAt, results, exit, events } = linkSession;
  const lastBank = events.findLast((event) => event.institution)?.institution;
  const exitBody = exit
    ? {
        error: exit.error ? plaidErrorBody(exit.error) : null,
        metadata: {
          institution: lastBank ? institutionBody(lastBank) : null,
          status: exit.status,
          link_session_id: linkSessionId,
          request_id: randomId(15),
        },
      }
    : null;
  const finished = finishedAt !== undefined && !exit;
  return {
    link_session_id: linkSessionId,
    started_at: iso(startedAt),
    finished_at: finishedAt === undefined ? null : nanoseconds(finishedAt),
    on_success: finished && results[0] ? successBody(linkSession, results[0]) : null,
    on_exit: exitBody,
    events: eventBodies(events),
    ...(linkSessionShape === 'results' && {
      exit: exitBody,
      results: finished || results.length > 0 ? resultsBody(results) : null,
    }),
  };
}

/** The events of a link session. Newest first: Plaid's examples are not in the order of time either. */
export function eventBodies(events: readonly LinkEvent[]) {
  return events.toReversed().map(({ id, name, at, institution }) => ({
    event_name: name,
    timestamp: iso(at),
    event_id: id,
    event_metadata: {
      request_id: randomId(15),
      ...(institution && {
        institution_id: institution.institutionId,
        institution_name: institution.name,
      }),
    },
  }));
}

/** The deprecated place of a result. It holds one, and the session's first it is. */
function successBody({ linkSessionId }: SandboxLinkSession, { publicToken, ...result }: PublicTokenRecord) {
  return {
    public_token: publicToken,
    metadata: {
      institution: institutionBody(result.institution),
      accounts: accountBodies(result),
      link_session_id: linkSessionId,
      transfer_status: null,
    },
  };
}

function resultsBody(results: readonly PublicTokenRecord[]) {
  return {
    item_add_results: results.map((result) => ({
      public_token: result.publicToken,
      accounts: accountBodies(result),
      institution: institutionBody(result.institution),
    })),
    cra_item_add_results: [],
    cra_update_results: [],
    bank_income_results: [],
    payroll_income_results: [],
    document_income_results: null,
  };
}

function accountBodies({ accounts }: Pick<PublicTokenRecord, 'accounts'>) {
  return accountNames(accounts).map((account) => ({
    ...account,
    verification_status: null,
    class_type: null,
  }));
}

/** Accounts as results and webhooks name them: what is in them is for who has the access token. */
export function accountNames(accounts: readonly LinkedAccount[]) {
  return accounts.map(({ id, name, mask, type, subtype }) => ({ id, name, mask, type, subtype }));
}

/** A bank, as results and exits name it. */
export function institutionBody({ name, institutionId }: SandboxInstitution) {
  return { name, institution_id: institutionId };
}

/** A time with nine digits after the second, as Plaid's examples have it. No clock here knows the last six. */
function nanoseconds(time: number): string {
  return iso(time).replace('Z', '104729Z');
}
