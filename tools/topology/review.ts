import { billableActions, totalActions } from '../../bench/temporal/billable-actions';
import type { HistoryEvent } from '../../bench/temporal/history';
import type { LedgerJson } from '../../src/sandbox';
import { exchangeWorkflowId, sessionWorkflowId } from '../../src/domain/ids';
import { judge } from '../demo/judge';
import { hasIssuedToken } from '../../testing/issued-tokens';
import { EXPECTED_END, type Play, type PlayedSession } from './sessions';
import type { Part, Topology } from './topology';

/** The signal that a webhook brings about. */
const HINT = 'checkNow';

/** What became of one session. */
export interface Verdict {
  session: PlayedSession;
  /** `COMPLETED, LINKED`. */
  end: string;
  /** How many hints its workflow got. Only the receiver of webhooks gives any in this run. */
  hints: number;
  /** What its workflows would cost on Temporal Cloud, in actions. */
  actions: number;
  /** The workers that ran its workflows, by name. */
  ranOn: string[];
  /** What is not as it should be. */
  problems: string[];
}

/**
 * Judges each session by what the client, the vault and Plaid's ledger say of it, by its token, which must be the one that Plaid issued,
 * and by its histories, which tell what brought it on, and which worker.
 */
export async function review(topology: Topology, play: Play): Promise<Verdict[]> {
  const ledger = topology.sandbox.ledger().toJSON();
  return await Promise.all(
    play.sessions.map(async (session): Promise<Verdict> => {
      const { key, plaidSessionId } = session;
      const report = await topology.client.status(key);
      const items = await topology.vault.items.list({ sessionKey: key });
      const histories = await historiesOf(topology, key);
      const steps = histories.flat().map(stepOf);
      const hints = steps.filter(({ signal }) => signal === HINT).length;
      const known = await Promise.all(
        items.map(({ itemId }) => hasIssuedToken(topology.vault, itemId, ledger, 'topology')),
      );
      return {
        session,
        end: [report.state, ...report.results.map(({ state }) => state)].join(', '),
        hints,
        actions: totalActions(billableActions(histories)),
        ranOn: namesOf(topology, steps),
        problems: [
          ...judge(EXPECTED_END, { plaidSessionId, report, items, ledger }),
          ...(known.every(Boolean) ? [] : ['the token in the vault is not the one that Plaid issued']),
          ...historyProblems(session, steps, play),
        ],
      };
    }),
  );
}

/** Plaid's side of the webhooks: that all were taken. */
export function webhookProblems({ webhooks }: Pick<LedgerJson, 'webhooks'>): string[] {
  const lost = webhooks.filter(({ outcome }) => outcome !== 'DELIVERED');
  return [
    ...(webhooks.length === 0 ? ['Plaid sent no webhook'] : []),
    ...lost.map(({ webhookCode, outcome }) => `a webhook ${webhookCode} was ${outcome}`),
  ];
}

/** Something that a history tells of. */
export interface Step {
  /** In milliseconds since 1970. */
  at: number;
  /** The worker that did it. */
  identity: string | undefined;
  /** The name of a signal that came. */
  signal: string | undefined;
}

/** The events of the session's workflow, and of its token exchange. */
async function historiesOf({ temporal }: Topology, key: string): Promise<HistoryEvent[][]> {
  const workflowIds = [sessionWorkflowId(key), exchangeWorkflowId(key)];
  const histories = await Promise.all(
    workflowIds.map((workflowId) => temporal.workflow.getHandle(workflowId).fetchHistory()),
  );
  return histories.map(({ events }) => events ?? []);
}

function stepOf(event: HistoryEvent): Step {
  return {
    at: Number(event.eventTime?.seconds ?? 0) * 1_000 + (event.eventTime?.nanos ?? 0) / 1e6,
    identity:
      event.workflowTaskCompletedEventAttributes?.identity ??
      event.activityTaskCompletedEventAttributes?.identity ??
      undefined,
    signal: event.workflowExecutionSignaledEventAttributes?.signalName ?? undefined,
  };
}

/** What still ran when a worker was killed was brought to its end by the other one, and each session was hinted. */
export function historyProblems(
  { atKill }: Pick<PlayedSession, 'atKill'>,
  steps: readonly Step[],
  { killed, killedAt, left }: Kill,
): string[] {
  const problems = steps.some(({ signal }) => signal === HINT) ? [] : ['no webhook hinted it'];
  if (atKill === 'ENDED') return problems;
  const after = steps.filter(({ at }) => at > killedAt);
  if (!after.some(({ identity }) => isOf(left.pid, identity)))
    problems.push(`${left.name} did nothing of it`);
  if (after.some(({ identity }) => isOf(killed.pid, identity)))
    problems.push(`${killed.name} worked after its end`);
  return problems;
}

/** The end of a worker, as far as histories tell of it. */
type Kill = Pick<Play, 'killedAt'> & Record<'killed' | 'left', Pick<Part, 'name' | 'pid'>>;

function namesOf({ workers }: Topology, steps: readonly Step[]): string[] {
  return workers
    .filter(({ pid }) => steps.some(({ identity }) => isOf(pid, identity)))
    .map(({ name }) => name);
}

/** An identity is `<process id>@<host>`. */
function isOf(pid: number, identity: string | undefined): boolean {
  return identity?.startsWith(`${pid}@`) ?? false;
}
