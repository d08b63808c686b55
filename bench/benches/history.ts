import { setTimeout as delay } from 'node:timers/promises';
import { exchangeWorkflowId, sessionWorkflowId } from '../../src/domain/ids';
import { parseLinkToken } from '../../src/domain/link-token';
import { PLAID_FLOW_RULES } from '../../src/domain/plaid-flow';
import type { Bench, Reach, Row } from '../bench';
import { packageVersion } from '../machine';
import { compare, GROWTH_STEPS, growthOf, state } from '../measure';
import { runPolling } from '../baselines/polling';
import { billableActions, totalActions } from '../temporal/billable-actions';
import { onlyRuns, readHistories, type Histories } from '../temporal/history';
import { startOurs, type Ours } from '../temporal/ours';
import { startBenchInfrastructure, type BenchInfrastructure } from '../temporal/infrastructure';
import { startVirtualTime } from '../temporal/virtual-time';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How long the long waits are, and how long the baselines poll. */
const WAITS = {
  full: { shortMs: 24 * HOUR_MS, shortName: 'one day', longMs: 20.9 * 24 * HOUR_MS, longName: '21 days' },
  smoke: { shortMs: 10 * MINUTE_MS, shortName: '10 minutes', longMs: HOUR_MS, longName: 'one hour' },
};

/** A page that sends one webhook every tenth of a second, each of which is a hint. */
const CHATTY_WEBHOOKS = 100;
const CHATTY_EVERY_MS = 100;

/** In the first step of the growth. */
const LEAST_WEBHOOKS = { full: 20, smoke: 1 };

const FEW: Reach = { op: '<=', value: 45 };
const A_HUNDREDTH: Reach = { op: '<=', value: 0.01 };
const HALF: Reach = { op: '<=', value: 0.5 };

export const history: Bench = {
  name: 'history',
  what: 'events, bytes and billable actions that a session leaves, beside periodic polling (sleep and an activity) and infrequent polling (an activity that is retried)',
  async run({ scale, log }) {
    const waits = WAITS[scale];
    const sessions: [what: string, histories: Histories, most: Reach][] = [];
    let growth: ReturnType<typeof growthOf>;
    const infrastructure = await startBenchInfrastructure(log);
    try {
      const ours = await startOurs(infrastructure);
      log('a session that a webhook ends, one that polling ends, and one of a chatty page');
      const [hinted, polled, chatty, ...growing] = await Promise.all([
        runHinted(infrastructure, ours),
        runPolled(infrastructure, ours),
        runChatty(infrastructure, ours, scale === 'smoke' ? 10 : CHATTY_WEBHOOKS),
        ...GROWTH_STEPS.map((step) => runChatty(infrastructure, ours, LEAST_WEBHOOKS[scale] * step)),
      ]);
      growth = growthOf(
        {
          name: 'history-growth',
          what: 'hints of a page',
          leastWork: LEAST_WEBHOOKS[scale],
          figure: 'history',
          unit: 'events of the session',
        },
        growing.map(({ runs: [session] }) => [session!.length]),
      );
      sessions.push(
        ['ended by a webhook', hinted, FEW],
        ['ended by polling, after seconds', polled, FEW],
        [`of a page that hints ${CHATTY_WEBHOOKS} times in 10 s`, chatty, { op: '<=', value: 120 }],
      );
    } finally {
      await infrastructure.close();
    }
    const virtual = await startVirtualTime(log);
    try {
      log(`in virtual time: ${waits.shortName}, ${waits.longName}`);
      const short = await virtual.runSession(waits.shortMs);
      const long = await virtual.runSession(waits.longMs);
      sessions.push(
        [`ended by polling, after ${waits.shortName}`, short, FEW],
        [`ended by polling, after ${waits.longName}`, long, FEW],
      );
      const rows = sessions.flatMap(([what, histories, most]) => rowsOf(what, histories, most));
      log(`in virtual time: the baselines over ${waits.shortName}`);
      const baselines = await runPolling(virtual, waits.shortMs);
      const after = `after ${waits.shortName}`;
      const { maxPollDelayMs } = PLAID_FLOW_RULES.link_delivery;
      for (const { name, histories, fewerEvents, fewerActions } of [
        { name: 'periodic polling at 60 s', histories: baselines.periodic, fewerEvents: A_HUNDREDTH },
        {
          name: `periodic polling by our schedule (cap ${maxPollDelayMs / MINUTE_MS} min)`,
          histories: baselines.periodicBySchedule,
          fewerActions: HALF,
        },
        { name: 'infrequent polling at 60 s', histories: baselines.infrequent },
      ]) {
        const versus = (what: string, unit: string, figure: (of: Histories) => number, reach?: Reach) =>
          compare({
            what: `${what}, ${after}`,
            unit,
            ours: [figure(short)],
            baseline: { name, values: [figure(histories)] },
            ...(reach && { reach }),
          });
        rows.push(
          versus('events', 'events', ({ events }) => events, fewerEvents),
          versus('bytes', 'bytes', ({ bytes }) => bytes),
          versus('billable actions', 'actions', actionsOf, fewerActions),
        );
      }
      return {
        rows: [...rows, growth.row],
        plots: [growth.plot],
        versions: { '@temporalio/worker': packageVersion('@temporalio/worker') },
      };
    } finally {
      await virtual.close();
    }
  },
};

function rowsOf(what: string, histories: Histories, most: Reach): Row[] {
  const [session] = histories.runs;
  return [
    state(`session ${what}`, 'events', [session!.length], most),
    state(`session and exchange ${what}`, 'events', [histories.events]),
    state(`session and exchange ${what}`, 'bytes', [histories.bytes]),
    state(`session and exchange ${what}`, 'workflow tasks', [histories.workflowTasks]),
    state(`session and exchange ${what}`, 'billable actions', [actionsOf(histories)]),
  ];
}

function actionsOf({ runs }: Histories): number {
  return totalActions(billableActions(runs));
}

async function runHinted(infrastructure: BenchInfrastructure, ours: Ours): Promise<Histories> {
  const linkToken = infrastructure.sandbox.issueLinkToken({ webhook: ours.webhookUrl });
  const key = await ours.start(linkToken);
  infrastructure.sandbox.session(linkToken).complete();
  return await historiesOf(ours, key);
}

async function runPolled(infrastructure: BenchInfrastructure, ours: Ours): Promise<Histories> {
  const linkToken = infrastructure.sandbox.issueLinkToken();
  const key = await ours.start(linkToken);
  infrastructure.sandbox.session(linkToken).complete();
  return await historiesOf(ours, key);
}

async function runChatty(
  infrastructure: BenchInfrastructure,
  ours: Ours,
  webhooks: number,
): Promise<Histories> {
  const linkToken = infrastructure.sandbox.issueLinkToken({ webhook: ours.webhookUrl });
  const key = await ours.start(linkToken);
  infrastructure.sandbox.session(linkToken).open();
  const startedMs = performance.now();
  for (let sent = 0; sent < webhooks; sent++) {
    infrastructure.sandbox.webhooks.send(ours.webhookUrl, {
      webhook_type: 'LINK_DELIVERY',
      webhook_code: 'LINK_CALLBACK',
      link_delivery_session_id: parseLinkToken(linkToken)!.id,
      timestamp: new Date().toISOString(),
      link_callback_metadata: { callback_type: 'ON_EXIT', link_session_id: `visit-${sent}` },
    });
    await delay(Math.max(0, startedMs + (sent + 1) * CHATTY_EVERY_MS - performance.now()));
  }
  infrastructure.sandbox.session(linkToken).complete();
  return await historiesOf(ours, key);
}

async function historiesOf(ours: Ours, key: string): Promise<Histories> {
  await ours.ended(key);
  const workflowIds = [sessionWorkflowId(key), exchangeWorkflowId(key)];
  return await readHistories(ours.temporal, await onlyRuns(ours.temporal, workflowIds));
}
