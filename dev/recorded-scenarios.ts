import { HostedLinkError } from '../src/client';
import type { Fault } from '../src/sandbox';
import { sessionInput } from '../src/start-request';
import type { Stage } from './recorded-stage';

/** One way in which a session goes, and the names under which its histories are kept. At least one is given. */
export interface Scenario {
  session?: string;
  /** For the history of its token exchange. */
  exchange?: string;
  /** For the history of its first run, when it continues as new. */
  continued?: string;
  /** For the history of the removal of its item. */
  removal?: string;
  play(stage: Stage): Promise<void>;
}

const SMS = { method: 'SMS', address: '+14155550123' } as const;

const REQUEST = {
  client_name: 'Recorded application',
  language: 'en',
  country_codes: ['US'],
  user: { client_user_id: 'recorded-user' },
  products: ['auth'],
};

/** A request for a session of hosted_link, of a person who has no account yet. */
function hosted({ key }: Stage) {
  const user = { client_user_id: `person-of-${key}` };
  return { linkApi: 'hosted_link', linkTokenRequest: { ...REQUEST, user } } as const;
}

/** An error of Plaid's that no retry can mend. */
const REFUSED: Fault = {
  kind: 'plaid_error',
  status: 400,
  errorType: 'INVALID_REQUEST',
  errorCode: 'INVALID_FIELD',
};

/** Sessions that are played at the same time; those that wait for their deadline begin. */
export const SCENARIOS: readonly Scenario[] = [
  {
    session: 'expired-at-deadline',
    play: async (stage) => {
      await stage.start({ expiresAt: new Date(Date.now() + 3_000).toISOString() });
    },
  },
  {
    session: 'failed-without-result',
    play: async (stage) => {
      stage.issue({ items: 0 });
      await stage.start({ expiresAt: new Date(Date.now() + 3_000).toISOString() });
      stage.person.complete();
    },
  },
  {
    session: 'completed',
    exchange: 'linked',
    play: async (stage) => {
      await stage.start();
      stage.person.complete();
    },
  },
  {
    session: 'completed-from-request',
    play: async (stage) => {
      await stage.start({ linkTokenRequest: REQUEST });
      stage.person.complete();
    },
  },
  {
    session: 'completed-public-token',
    exchange: 'linked-public-token',
    play: async (stage) => {
      stage.issue({ tokenShape: 'public_tokens' });
      await stage.start();
      stage.person.complete();
    },
  },
  {
    session: 'completed-two-items',
    exchange: 'linked-two-items',
    play: async (stage) => {
      stage.issue({ items: 2 });
      await stage.start();
      stage.person.complete();
    },
  },
  {
    session: 'completed-after-exit',
    play: async (stage) => {
      await stage.start();
      stage.person.open();
      await stage.knows('OPENED');
      stage.person.exit();
      await stage.knows('EXITED');
      stage.person.complete();
    },
  },
  {
    session: 'completed-after-hints',
    play: async (stage) => {
      await stage.start();
      stage.person.open();
      await stage.harness.client.checkNow(stage.key);
      await stage.knows('OPENED');
      for (let hints = 0; hints < 3; hints++) await stage.harness.client.checkNow(stage.key);
      stage.person.complete();
      await stage.harness.client.checkNow(stage.key);
    },
  },
  {
    session: 'completed-after-unreadable-signal',
    play: async (stage) => {
      await stage.start();
      await stage.forgeSignal();
      stage.person.complete();
    },
  },
  {
    session: 'completed-sent',
    play: async (stage) => {
      await stage.start({ delivery: SMS });
      stage.person.complete();
    },
  },
  {
    session: 'completed-after-failed-delivery',
    play: async (stage) => {
      await stage.start({ delivery: SMS });
      for (let times = 0; times < 2; times++) await stage.harness.client.deliveryFailed(stage.key, 'SMS');
      await stage.until('its status shows it', async () => {
        return (await stage.harness.client.status(stage.key)).deliveryFailure !== undefined;
      });
      stage.person.complete();
    },
  },
  {
    session: 'completed-after-refused-send',
    play: async (stage) => {
      stage.fault('/link_delivery/create', {
        kind: 'plaid_error',
        status: 503,
        errorType: 'API_ERROR',
        errorCode: 'PLANNED_MAINTENANCE',
      });
      await stage.start({ delivery: SMS });
      stage.person.complete();
    },
  },
  {
    session: 'completed-after-lost-create',
    play: async (stage) => {
      stage.fault('/link_delivery/create', { kind: 'reset_after_work' });
      await stage.start({ delivery: SMS });
      stage.person.complete();
    },
  },
  {
    session: 'completed-after-outage',
    play: async (stage) => {
      stage.fault('/link_delivery/create', { kind: 'html', status: 503 });
      stage.fault('/link_delivery/get', { kind: 'html', status: 503 });
      await stage.start();
      stage.person.complete();
    },
  },
  {
    session: 'completed-after-operator',
    play: async (stage) => {
      stage.fault('/link_delivery/get', {
        kind: 'plaid_error',
        status: 400,
        errorType: 'INVALID_INPUT',
        errorCode: 'INVALID_API_KEYS',
      });
      await stage.start();
      await stage.until('its health is OPERATOR', async () => {
        const { lastError } = await stage.harness.client.status(stage.key);
        return lastError?.class === 'operator';
      });
      stage.person.complete();
    },
  },
  {
    session: 'completed-notified',
    exchange: 'linked-notified',
    play: async (stage) => {
      await stage.start({ notify: [await stage.target(), 'nobody-runs-this'] });
      stage.person.complete();
    },
  },
  {
    session: 'completed-as-child',
    exchange: 'linked-as-child',
    play: async (stage) => {
      await stage.startAsChild();
      await stage.knows('CREATED');
      stage.person.complete();
    },
  },
  {
    session: 'expired-as-child',
    play: async (stage) => {
      await stage.startAsChild();
      await stage.knows('CREATED');
      stage.person.expire();
    },
  },
  {
    session: 'cancelled-with-parent',
    play: async (stage) => {
      await stage.startAsChild();
      await stage.knows('CREATED');
      await stage.harness.temporal.workflow.getHandle(`parent-of-${stage.key}`).cancel();
      await stage.until('it is CANCELLING', async () => {
        return (await stage.harness.client.status(stage.key)).state === 'CANCELLING';
      });
      stage.person.expire();
    },
  },
  {
    session: 'failed-as-child-refused',
    play: async (stage) => {
      await stage.startAsChild({ expiresAt: '2020-01-01T00:00:00Z' });
    },
  },
  {
    session: 'completed-exchange-expired',
    exchange: 'expired',
    play: async (stage) => {
      stage.issue({ tokenShape: 'public_tokens' });
      await stage.start();
      stage.finishWithFault('/item/public_token/exchange', {
        kind: 'plaid_error',
        status: 400,
        errorType: 'INVALID_INPUT',
        errorCode: 'INVALID_PUBLIC_TOKEN',
      });
    },
  },
  {
    session: 'completed-exchange-uncertain',
    exchange: 'uncertain',
    play: async (stage) => {
      stage.issue({ tokenShape: 'public_tokens' });
      await stage.start();
      stage.finishWithFault('/item/public_token/exchange', { kind: 'reset_after_work' });
    },
  },
  {
    session: 'completed-exchange-failed',
    exchange: 'failed',
    play: async (stage) => {
      await stage.start();
      stage.finishWithFault('/item/get', {
        kind: 'plaid_error',
        status: 400,
        errorType: 'ITEM_ERROR',
        errorCode: 'ITEM_NOT_FOUND',
      });
    },
  },
  {
    session: 'completed-duplicate',
    exchange: 'linked-and-duplicate',
    play: async (stage) => {
      const user = { client_user_id: 'connects-twice' };
      await stage.start({ linkApi: 'hosted_link', linkTokenRequest: { ...REQUEST, user } });
      for (let times = 0; times < 2; times++) stage.person.connect({ institutionId: 'ins_990001' });
      stage.person.finish();
    },
  },
  {
    session: 'expired',
    play: async (stage) => {
      await stage.start();
      stage.person.expire();
    },
  },
  {
    session: 'expired-notified',
    play: async (stage) => {
      await stage.start({ notify: [await stage.target(), 'nobody-runs-this'] });
      stage.person.expire();
    },
  },
  {
    session: 'hosted-completed',
    exchange: 'hosted-linked',
    play: async (stage) => {
      await stage.start(hosted(stage));
      stage.person.complete();
    },
  },
  {
    session: 'hosted-completed-several',
    exchange: 'hosted-linked-several',
    play: async (stage) => {
      await stage.start(hosted(stage));
      await linkFirst(stage);
      stage.person.connect();
      stage.person.finish();
    },
  },
  {
    session: 'hosted-completed-sent',
    play: async (stage) => {
      await stage.start({ ...hosted(stage), delivery: SMS });
      stage.person.complete();
    },
  },
  {
    session: 'hosted-expired',
    play: async (stage) => {
      await stage.start(hosted(stage));
      stage.person.expire();
    },
  },
  {
    session: 'hosted-cancelled',
    play: async (stage) => {
      await stage.start(hosted(stage));
      await stage.harness.client.cancel(stage.key);
    },
  },
  {
    session: 'hosted-cancelled-with-item',
    exchange: 'hosted-cancelled',
    play: async (stage) => {
      await stage.start(hosted(stage));
      await linkFirst(stage);
      await stage.harness.client.cancel(stage.key);
    },
  },
  {
    session: 'hosted-delivery-uncertain',
    play: async (stage) => {
      const user = { client_user_id: 'uncertain-user' };
      stage.harness.sandbox.fault(
        '/link/token/create',
        { kind: 'reset_after_work' },
        { matching: (body) => JSON.stringify(body['user']).includes(user.client_user_id) },
      );
      await stage.startInVain({ ...hosted(stage), linkTokenRequest: { ...REQUEST, user }, delivery: SMS });
    },
  },
  {
    session: 'hosted-updated',
    play: async (stage) => {
      const { client, sandbox } = stage.harness;
      const linkToken = sandbox.issueLinkToken();
      const first = await client.start({ key: `${stage.key}-first`, linkToken });
      sandbox.session(linkToken).complete();
      const { items } = await client.result(first.key);
      const itemId = items[0]!.itemId!;
      sandbox.item(itemId).requireLogin();
      await stage.start({ ...hosted(stage), update: { itemId } });
      stage.person.complete();
    },
  },
  {
    session: 'failed-update',
    play: async (stage) => {
      await stage.startInVain({ ...hosted(stage), update: { itemId: 'nobodys-item' } });
    },
  },
  {
    session: 'failed-create',
    play: async (stage) => {
      stage.fault('/link_delivery/create', REFUSED);
      await stage.startInVain();
    },
  },
  {
    session: 'failed-link-token',
    play: async (stage) => {
      const user = { client_user_id: 'refused-user' };
      stage.harness.sandbox.fault('/link/token/create', REFUSED, {
        matching: (body) => JSON.stringify(body['user']) === JSON.stringify(user),
      });
      await stage.startInVain({ linkTokenRequest: { ...REQUEST, user } });
    },
  },
  {
    session: 'failed-key-reused',
    play: async (stage) => {
      await claimBefore(stage, 'another request');
      await stage.startInVain();
    },
  },
  {
    session: 'failed-earlier-session',
    play: async (stage) => {
      const { requestDigest } = sessionInput(
        { key: stage.key, linkToken: stage.linkToken },
        { environment: 'sandbox' },
      );
      await claimBefore(stage, requestDigest);
      await stage.startInVain();
    },
  },
  {
    session: 'failed-while-waiting',
    play: async (stage) => {
      await stage.start();
      stage.fault('/link_delivery/get', REFUSED);
    },
  },
  {
    session: 'delivery-uncertain',
    play: async (stage) => {
      stage.fault('/link_delivery/create', { kind: 'reset_before_work' });
      await stage.start({ delivery: SMS });
    },
  },
  {
    session: 'cancelled-while-creating',
    play: async (stage) => {
      stage.fault('/link_delivery/create', { kind: 'delay_before_work', holdMs: 10_000 });
      const start = stage.startInVain();
      await cancelWhilePending(stage, 'createSession');
      await start;
    },
  },
  {
    session: 'cancelled-while-sending',
    play: async (stage) => {
      stage.fault('/link_delivery/create', { kind: 'delay_after_work', holdMs: 5_000 });
      const start = stage.start({ delivery: SMS });
      await cancelWhilePending(stage, 'createSession');
      await start;
      stage.person.expire();
    },
  },
  {
    session: 'cancelled-then-expired',
    play: async (stage) => {
      await cancelWaiting(stage);
      stage.person.expire();
    },
  },
  {
    session: 'cancelled-then-finished',
    play: async (stage) => {
      await cancelWaiting(stage);
      stage.person.complete();
    },
  },
  {
    session: 'cancelled-then-failed',
    play: async (stage) => {
      await cancelWaiting(stage);
      stage.fault('/link_delivery/get', REFUSED);
    },
  },
];

/** Items that are stored and then removed. */
export const REMOVALS: readonly Scenario[] = [
  {
    removal: 'removed',
    play: async (stage) => {
      await stage.link();
      await stage.harness.client.removeItem(stage.itemId);
    },
  },
  {
    removal: 'failed',
    play: async (stage) => {
      await stage.link();
      stage.fault('/item/remove', REFUSED);
      await stage.harness.client.removeItem(stage.itemId).catch((error: unknown) => {
        if (!(error instanceof HostedLinkError)) throw error;
      });
    },
  },
];

/** Sessions that stop the workers, so that they are played alone. */
export const WORKER_STOPS: readonly Scenario[] = [
  {
    session: 'cancelled-at-once',
    play: async (stage) => {
      await stage.harness.stopWorkers();
      const start = stage.startInVain();
      await stage.until('it has started', async () => {
        return await stage.handle.describe().then(
          () => true,
          () => false,
        );
      });
      await stage.handle.cancel();
      await stage.harness.startWorkers();
      await start;
    },
  },
  {
    session: 'completed-item-removed',
    exchange: 'failed-unstored',
    play: async (stage) => {
      stage.issue({ tokenShape: 'public_tokens' });
      await stage.start();
      const { journal } = stage.harness.vault;
      const link = journal.link;
      const tried = new Promise<void>((resolve) => {
        journal.link = async () => {
          resolve();
          throw new Error('the database is away');
        };
      });
      stage.person.complete();
      await tried;
      await stage.harness.stopWorkers();
      journal.link = link;
      await stage.harness.startWorkers();
    },
  },
];

/** For a server that suggests to continue as new after a few events. */
export const CONTINUING: readonly Scenario[] = [
  {
    session: 'completed-after-continuing',
    continued: 'continued',
    play: async (stage) => {
      await stage.start();
      for (const move of ['open', 'exit', 'open'] as const) {
        stage.person[move]();
        await stage.harness.client.checkNow(stage.key);
        await stage.knows(move === 'open' ? 'OPENED' : 'EXITED');
      }
      stage.person.complete();
    },
  },
];

async function claimBefore({ harness, key }: Stage, requestDigest: string): Promise<void> {
  await harness.vault.sessions.claim({
    key,
    linkApi: 'link_delivery',
    firstRunId: 'an-earlier-run',
    requestDigest,
    plaidSessionHash: undefined,
  });
}

/** The person connects a first bank and stays, until that is an item. */
async function linkFirst(stage: Stage): Promise<void> {
  stage.person.connect();
  await stage.until('its first bank is an item', async () => {
    return (await stage.harness.client.status(stage.key)).items[0]?.state === 'LINKED';
  });
}

async function cancelWaiting(stage: Stage): Promise<void> {
  await stage.start();
  await stage.harness.client.cancel(stage.key);
  await stage.until('it is CANCELLING', async () => {
    return (await stage.harness.client.status(stage.key)).state === 'CANCELLING';
  });
}

async function cancelWhilePending(stage: Stage, activityType: string): Promise<void> {
  await stage.until(`${activityType} runs`, async () => {
    const description = await stage.handle.describe().catch(() => undefined);
    return (description?.raw.pendingActivities ?? []).some(
      (pending) => pending.activityType?.name === activityType,
    );
  });
  await stage.handle.cancel();
}
