import { randomInt } from 'node:crypto';
import type { HostedLinkClient, StartRequest, StatusReport } from '../../src/client';
import type { Sandbox } from '../../src/sandbox';
import type { DeliveryMethod } from '../../src/domain/plaid-flow';
import type { ResultState, SessionState, SessionStatus } from '../../src/domain/states';

/** How a session should end. */
export interface ExpectedEnd {
  state: SessionState;
  /** All that Plaid says of it, in this order. */
  statuses: SessionStatus[];
  /** What becomes of each of its results. */
  results: ResultState[];
  /** The messages that Plaid sends; default none. */
  messages?: DeliveryMethod[];
}

/** What the script of a scenario works with. Each wait has a time limit and throws when it is over. */
export interface ScenarioContext {
  sandbox: Sandbox;
  client: HostedLinkClient;
  key: string;
  plaidSessionId: string;
  /** The person who has the link. */
  person: ReturnType<Sandbox['session']>;
  /** Shows on the screen what happens. */
  note(what: string): void;
  /** Waits until the session's status is so. */
  untilStatus(what: string, holds: (report: StatusReport) => boolean): Promise<void>;
  /** Waits until something else is so. */
  until(what: string, holds: () => boolean): Promise<void>;
  /** Ends the worker by SIGKILL and starts it again. */
  killAndRestartWorker(): Promise<void>;
}

/** One session of the demo: how it starts, what happens, and how it should end. */
export interface Scenario {
  name: string;
  /** What it shows. */
  shows: string;
  /** Its script runs to its end before the others begin, since what runs in a worker ends when the worker is killed. */
  runsFirst?: boolean;
  request(sandbox: Sandbox): Omit<StartRequest, 'key'>;
  script(context: ScenarioContext): Promise<void>;
  end: ExpectedEnd;
}

/** Long enough for the session to be made in, short enough to be waited for. In milliseconds. */
const SHORT_LIFETIME_MS = 12_000;

/** Longer than the worker waits for Plaid's answer: the exchange is still under way when the worker dies. */
const HOLD_MS = 60_000;

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'killed',
    shows: 'the worker is killed in the middle of an exchange, and started again',
    runsFirst: true,
    request: (sandbox) => ({ linkToken: sandbox.issueLinkToken({ tokenShape: 'public_tokens' }) }),
    async script(context) {
      const { sandbox, person, note } = context;
      let held = false;
      const dropFault = sandbox.fault(
        '/item/public_token/exchange',
        { kind: 'delay_before_work', holdMs: HOLD_MS },
        { matching: () => (held = true) },
      );
      try {
        person.open();
        person.complete();
        await hint(context, 'the person finishes');
        await context.until('the exchange of the public token', () => held);
        note('Plaid holds the exchange; the worker is killed');
        await context.killAndRestartWorker();
        note("a new worker waits until the dead one's lease has run out");
      } finally {
        dropFault();
      }
    },
    end: { state: 'COMPLETED', statuses: ['CREATED', 'OPENED', 'COMPLETED'], results: ['LINKED'] },
  },
  {
    name: 'completed',
    shows: 'the person finishes; Plaid sent the link by SMS',
    request: () => ({
      linkTokenRequest: linkTokenRequest(),
      delivery: { method: 'SMS', address: phoneNumber(), firstName: 'Ada' },
    }),
    async script(context) {
      await openPage(context);
      context.person.complete({ institutionId: 'ins_990002' });
      await hint(context, 'the person finishes');
    },
    end: {
      state: 'COMPLETED',
      statuses: ['CREATED', 'OPENED', 'COMPLETED'],
      results: ['LINKED'],
      messages: ['SMS'],
    },
  },
  {
    name: 'exited',
    shows: 'the person leaves, comes back later and finishes',
    request: (sandbox) => ({ linkToken: sandbox.issueLinkToken() }),
    async script(context) {
      await openPage(context);
      context.person.exit();
      await hint(context, 'the person leaves');
      await context.untilStatus('EXITED', ({ plaidStatus }) => plaidStatus === 'EXITED');
      await openPage(context);
      context.person.complete({ institutionId: 'ins_990003' });
      await hint(context, 'the person finishes');
    },
    end: {
      state: 'COMPLETED',
      statuses: ['CREATED', 'OPENED', 'EXITED', 'OPENED', 'COMPLETED'],
      results: ['LINKED'],
    },
  },
  {
    name: 'expired',
    shows: 'nobody opens the link before it expires',
    request: (sandbox) => ({
      linkToken: sandbox.issueLinkToken({ lifetimeMs: SHORT_LIFETIME_MS }),
      expiresAt: new Date(Date.now() + SHORT_LIFETIME_MS).toISOString(),
    }),
    async script(context) {
      const { person, note, until } = context;
      note('nobody opens the link');
      await until("the link's expiration", () => person.status === 'EXPIRED');
      await hint(context, 'the link has expired');
    },
    end: { state: 'EXPIRED', statuses: ['CREATED', 'EXPIRED'], results: [] },
  },
  {
    name: 'outage',
    shows: 'Plaid is down while the person finishes; it sent the link by e-mail',
    request: () => ({
      linkTokenRequest: linkTokenRequest(),
      delivery: { method: 'EMAIL', address: emailAddress() },
    }),
    async script(context) {
      const { sandbox, plaidSessionId, person, note } = context;
      await openPage(context);
      // For this session alone: an outage while another one's interrupted exchange is tried again would end that as UNCERTAIN.
      const endOutage = sandbox.fault(
        '/link_delivery/get',
        { kind: 'html', status: 503 },
        { times: Infinity, matching: (body) => body['link_delivery_session_id'] === plaidSessionId },
      );
      try {
        note('Plaid goes down: it answers with HTTP 503');
        person.complete({ institutionId: 'ins_990004' });
        await context.untilStatus(
          'a poll that failed',
          ({ watch }) => watch?.lastAnswer?.includes('503') ?? false,
        );
      } finally {
        endOutage();
      }
      note('Plaid is back');
    },
    end: {
      state: 'COMPLETED',
      statuses: ['CREATED', 'OPENED', 'COMPLETED'],
      results: ['LINKED'],
      messages: ['EMAIL'],
    },
  },
  {
    name: 'cancelled',
    shows: 'the application cancels, the person still finishes, and the item is removed',
    request: (sandbox) => ({ linkToken: sandbox.issueLinkToken() }),
    async script(context) {
      const { client, key, person, note } = context;
      await openPage(context);
      note('the application cancels');
      await client.cancel(key);
      await context.untilStatus('CANCELLING', ({ state }) => state === 'CANCELLING');
      person.complete();
      await hint(context, 'the person still finishes');
    },
    end: { state: 'CANCELLED', statuses: ['CREATED', 'OPENED', 'COMPLETED'], results: ['REMOVED'] },
  },
];

/** The person opens the page, and the session is seen to be OPENED. */
async function openPage({ person, client, key, note, untilStatus }: ScenarioContext): Promise<void> {
  note('the person opens the link');
  person.open();
  await client.checkNow(key);
  await untilStatus('OPENED', ({ plaidStatus }) => plaidStatus === 'OPENED');
}

/** Does what an application does when the person comes back from the page: requests a poll at once. */
async function hint({ client, key, note }: ScenarioContext, what: string): Promise<void> {
  note(`${what}; the application hints`);
  await client.checkNow(key);
}

/** A body for `/link/token/create`, for a person of whom more is known than should be seen. */
function linkTokenRequest(): Record<string, unknown> {
  return {
    client_name: 'Demo application',
    language: 'en',
    country_codes: ['US'],
    products: ['auth'],
    user: { client_user_id: 'person-1', phone_number: phoneNumber(), email_address: emailAddress() },
  };
}

/** One of the numbers that are kept for fiction, +1 area 555 0100 to 0199. */
function phoneNumber(): string {
  return `+1${randomInt(201, 990)}55501${String(randomInt(100)).padStart(2, '0')}`;
}

function emailAddress(): string {
  return `person-${randomInt(1e9, 1e10)}@mail.example.com`;
}
