import type { SessionRow } from '../../vault';
import { sessionKeyOf, sessionWorkflowId } from '../../domain/ids';
import { gathered, pagesOf, type ReconcileContext } from './context';
import type { Discrepancy } from './discrepancy';
import {
  endOf,
  type ListedWorkflow,
  listWorkflows,
  recordedSession,
  recordedStateOf,
  unlessUnreadable,
} from './workflow-records';

/** Holds each session that Temporal keeps against its row in the vault. */
export async function* checkSessionWorkflows(context: ReconcileContext): AsyncGenerator<Discrepancy> {
  const { temporal, vault } = context;
  for await (const workflows of gathered(listWorkflows(temporal, 'hostedLinkSession'))) {
    const keys = workflows.map(({ workflowId }) => sessionKeyOf(workflowId));
    const rows = new Map((await vault.sessions.getAll(keys)).map((row) => [row.key, row]));
    for (const workflow of workflows) {
      const row = rows.get(sessionKeyOf(workflow.workflowId));
      if (!row) yield* unlessUnreadable(workflow, () => missingRow(workflow, context));
      else if (row.endedAt && endOf(workflow) === undefined) yield* runningAgain(row, context);
    }
  }
}

/** Holds each session that is open in the vault against its workflow. */
export async function* checkOpenSessions(context: ReconcileContext): AsyncGenerator<Discrepancy> {
  const { temporal, vault } = context;
  const pages = pagesOf(
    (page) => vault.sessions.listOpen(page),
    ({ key }) => key,
  );
  for await (const rows of pages) {
    const standings = await Promise.all(
      rows.map(({ key }) => recordedStateOf(sessionWorkflowId(key), temporal)),
    );
    for (const [index, row] of rows.entries()) {
      const standing = standings[index];
      if (standing?.firstRunId !== row.firstRunId) yield* lost(row, context);
      else if (endOf(standing)) yield* missedEnd(row, standing, context);
    }
  }
}

async function* missingRow(
  workflow: ListedWorkflow,
  { temporal, rules, vault, fix }: ReconcileContext,
): AsyncGenerator<Discrepancy> {
  const session = await recordedSession(workflow, temporal, rules);
  // It may have made its row since.
  if (!session || (await vault.sessions.get(session.key))) return;
  const { plaidSessionId: _, ...lostRow } = session;
  if (fix) await vault.repairs.restoreSession(lostRow);
  const { key, end } = session;
  yield {
    kind: 'SESSION_ROW_LOST',
    sessionKey: key,
    message: `Temporal has session ${key}, ${end?.state ?? 'which runs'}, and the vault has no row of it`,
    remedy: fix
      ? 'its row is there again'
      : 'with --fix the row is made again from the history: webhooks find the session, results can be stored, the key stays used up',
    repaired: fix,
  };
}

async function* runningAgain(row: SessionRow, { temporal }: ReconcileContext): AsyncGenerator<Discrepancy> {
  const { key, state } = row;
  const standing = await recordedStateOf(sessionWorkflowId(key), temporal);
  // It may have been about to end, or be another workflow's session, which ends by itself.
  if (standing?.firstRunId !== row.firstRunId || endOf(standing)) return;
  yield {
    kind: 'SESSION_RUNS_AGAIN',
    sessionKey: key,
    message: `session ${key} is ${state} in the vault, and its workflow runs: Temporal was restored to an earlier time`,
    remedy: `leave it: with a worker it comes to its end once more, what the vault has stays, and no item is linked twice; \`hosted-link check ${key}\` hurries it`,
    repaired: false,
  };
}

async function* missedEnd(
  { key, firstRunId }: SessionRow,
  standing: ListedWorkflow,
  { vault, fix }: ReconcileContext,
): AsyncGenerator<Discrepancy> {
  // It may have ended in between.
  if ((await vault.sessions.get(key))?.endedAt) return;
  const end = endOf(standing)!;
  if (fix) await vault.repairs.endSession(key, firstRunId, end);
  yield {
    kind: 'SESSION_END_MISSED',
    sessionKey: key,
    message: `session ${key} is open in the vault, and its workflow has ended: ${end.state}`,
    remedy: fix ? 'its end is on record' : 'with --fix its end is recorded',
    repaired: fix,
  };
}

async function* lost(
  { key, plaidFlow }: SessionRow,
  { vault, fix, endLost }: ReconcileContext,
): AsyncGenerator<Discrepancy> {
  if ((await vault.sessions.get(key))?.endedAt) return;
  const repaired = fix && endLost;
  if (repaired) await vault.repairs.endLost(key);
  yield {
    kind: 'SESSION_LOST',
    sessionKey: key,
    message: `session ${key} is open in the vault, and Temporal does not know it: nobody watches its link (${plaidFlow})`,
    remedy: `${repaired ? 'it is FAILED now; ' : 'if this is the right Temporal namespace, --fix --end-lost ends it as FAILED; '}${AFTER_LOSS[plaidFlow]}`,
    repaired,
  };
}

/** What becomes of a link that nobody watches. */
const AFTER_LOSS: Record<SessionRow['plaidFlow'], string> = {
  hosted_link:
    'no item comes of its link any more; start a session with a new key, and give the person that link',
  link_delivery:
    'the person can still finish its link, and Plaid then makes an item: start a session with a new key on the same link token, if your application has it, and what comes of it is stored; else ask Plaid about items of the time since',
};
