import { randomUUID } from 'node:crypto';
import { requirePlaid, type Settings } from '../../config/settings';
import { InputError } from '../../domain/input-error';
import { createPlaidClient } from '../../plaid/client';
import { classify } from '../../plaid/error-classes';
import { PlaidApiError, PlaidError } from '../../plaid/errors';
import { ok, problem, warning, type Finding } from './finding';
import { refusal } from './refusal';

const CREDENTIALS = 'Plaid credentials';

/** What Plaid's answer shows about one Plaid flow. The request names something that does not exist. */
type Standing =
  | { kind: 'OPEN' }
  /** The keys are right, but the account may not use it. */
  | { kind: 'CLOSED'; code: string }
  /** The keys are wrong, or not for this environment. */
  | { kind: 'KEYS_REFUSED'; code: string }
  /** Plaid did not answer, or the answer shows nothing. */
  | { kind: 'UNKNOWN'; message: string };

/**
 * Whether Plaid takes our keys, and which of the two Plaid flows the account may use. Asks for a session and a link token that
 * nobody made: nothing is created, and nobody gets a message.
 */
export async function checkPlaid(settings: Settings): Promise<Finding[]> {
  let plaid: ReturnType<typeof createPlaidClient>;
  try {
    plaid = createPlaidClient(requirePlaid(settings));
  } catch (error) {
    if (error instanceof InputError)
      return [problem(CREDENTIALS, 'missing or malformed', 'set PLAID_CLIENT_ID and PLAID_SECRET')];
    return [refusal(CREDENTIALS, error)];
  }
  const { environment } = settings;
  try {
    const [linkDelivery, hostedLink] = await Promise.all([
      standingOf(plaid.linkDeliveryGet(randomUUID())),
      standingOf(plaid.linkTokenGet(`link-${environment}-${randomUUID()}`)),
    ]);
    return findings(linkDelivery, hostedLink, environment);
  } finally {
    await plaid.close();
  }
}

async function standingOf(question: Promise<unknown>): Promise<Standing> {
  try {
    await question;
    return { kind: 'OPEN' };
  } catch (error) {
    if (!(error instanceof PlaidError)) throw error;
    if (!(error instanceof PlaidApiError) || classify(error) === 'transient')
      return { kind: 'UNKNOWN', message: error.message };
    const { errorCode: code } = error;
    if (code === 'UNAUTHORIZED_ROUTE_ACCESS') return { kind: 'CLOSED', code };
    if (classify(error) === 'operator') return { kind: 'KEYS_REFUSED', code };
    return { kind: 'OPEN' };
  }
}

function findings(linkDelivery: Standing, hostedLink: Standing, environment: string): Finding[] {
  const both = [linkDelivery, hostedLink];
  const refused = both.find(({ kind }) => kind === 'KEYS_REFUSED');
  if (refused?.kind === 'KEYS_REFUSED') {
    return [
      problem(
        CREDENTIALS,
        `refused by Plaid's ${environment} (${refused.code})`,
        `set PLAID_CLIENT_ID and PLAID_SECRET to those of PLAID_ENV, or see to the account at Plaid`,
      ),
    ];
  }
  const known = both.some(({ kind }) => kind !== 'UNKNOWN');
  const noneOpen = both.every(({ kind }) => kind === 'CLOSED');
  return [
    ...(known ? [ok(CREDENTIALS, `taken by Plaid's ${environment}`)] : []),
    plaidFlow('link_delivery', linkDelivery, {
      level: noneOpen ? problem : warning,
      remedy: 'start sessions with plaidFlow hosted_link, or have Plaid enable Link Delivery',
    }),
    plaidFlow('hosted_link', hostedLink, {
      level: noneOpen ? problem : warning,
      remedy: 'have Plaid enable Link for the account',
    }),
  ];
}

function plaidFlow(
  name: string,
  standing: Standing,
  closed: { level: typeof problem; remedy: string },
): Finding {
  const check = `Plaid flow ${name}`;
  switch (standing.kind) {
    case 'CLOSED':
      return closed.level(check, `closed to this account (${standing.code})`, closed.remedy);
    case 'UNKNOWN':
      return problem(check, standing.message, 'see to the way to Plaid and status.plaid.com, and ask again');
    case 'OPEN':
    case 'KEYS_REFUSED':
      return ok(check, 'open to this account');
  }
}
