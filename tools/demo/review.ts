import { join, sep } from 'node:path';
import { HostedLinkClient } from '../../src/client';
import { exchangeWorkflowId, sessionWorkflowId } from '../../src/domain/ids';
import type { ItemRow } from '../../src/vault';
import type { LeakSource } from '../../testing/leak-scan';
import { collectHistories } from '../../testing/workflow-histories';
import { verifyOutcome } from './verify-outcome';
import { filesUnder, searchForLeaks, secretsOf, type LeakVerdict } from '../../testing/leak-search';
import type { ScenarioResult } from './run-scenarios';
import { SECRET_FILES, type DemoDeployment } from './deployment';
import { WaitTimeoutError, until } from './wait';

/** How one session ended, and whether that is right. */
export interface Verdict {
  session: ScenarioResult;
  /** `COMPLETED, LINKED`. */
  end: string;
  /** What is not as it should be. */
  problems: string[];
}

/** Verifies the outcome of each session against client, vault and Plaid, and returns all items of the vault. */
export async function reviewSessions(
  { temporal, sandbox, withVault }: DemoDeployment,
  sessions: readonly ScenarioResult[],
): Promise<{ verdicts: Verdict[]; items: ItemRow[] }> {
  return await withVault(async (vault) => {
    const client = new HostedLinkClient({ temporal, vault, environment: 'sandbox' });
    const items = await vault.items.list();
    const ledger = sandbox.ledger().toJSON();
    const verdicts = sessions.map(async (session): Promise<Verdict> => {
      const { key, plaidSessionId, problem } = session;
      if (plaidSessionId === undefined) return { session, end: 'not started', problems: [problem!] };
      const report = await client.status(key);
      const ofSession = items.filter(({ sessionKey }) => sessionKey === key);
      const found = verifyOutcome(session.scenario.end, { plaidSessionId, report, items: ofSession, ledger });
      return {
        session,
        end: [report.state, ...report.results.map(({ state }) => state)].join(', '),
        problems: [...(problem === undefined ? [] : [problem]), ...found],
      };
    });
    return { verdicts: await Promise.all(verdicts), items };
  });
}

const VISIBLE_TIMEOUT_MS = 10_000;

/**
 * The raw histories of these workflows, as far as they are there, and of whatever else is on a server that was started
 * here.
 */
export async function historiesOf(
  { temporal, temporalServer }: DemoDeployment,
  workflowIds: readonly string[],
  signal: AbortSignal,
): Promise<LeakSource[]> {
  const query = `WorkflowId IN (${workflowIds.map((id) => `'${id}'`).join(', ')})`;
  // A server lists a workflow some moments after its start.
  await until(
    'the listing of all workflows by Temporal',
    async () => (await temporal.workflow.count(query)).count >= workflowIds.length,
    { timeoutMs: VISIBLE_TIMEOUT_MS, signal },
  ).catch((error: unknown) => {
    // The leak search reports which ones are missing.
    if (!(error instanceof WaitTimeoutError)) throw error;
  });
  const histories: LeakSource[] = [];
  const own = temporalServer.pid !== undefined;
  for await (const source of collectHistories(temporal, own ? undefined : query)) histories.push(source);
  return histories;
}

function historyName(workflowId: string): string {
  return `history of ${workflowId} (`;
}

/** The workflows that a session has, by what came of it. */
export function workflowIdsOf({ session: { key, scenario } }: Verdict): string[] {
  const exchanged = scenario.end.results.includes('LINKED');
  return [sessionWorkflowId(key), ...(exchanged ? [exchangeWorkflowId(key)] : [])];
}

/** Searches histories, Temporal's database, the vault and the worker's log for every secret of the run. */
export async function searchRun(
  { sandbox, keyRings, databaseFile }: DemoDeployment,
  dataDir: string,
  histories: LeakSource[],
  verdicts: readonly Verdict[],
  items: readonly ItemRow[],
): Promise<LeakVerdict> {
  const workflowIds = verdicts.flatMap(workflowIdsOf);
  return await searchForLeaks({
    secrets: secretsOf(sandbox.ledger().toJSON(), keyRings),
    histories,
    files: await filesUnder(dataDir, SECRET_FILES),
    controls: [
      ...workflowIds.map((id) => ({ text: id, source: historyName(id) })),
      ...(databaseFile === undefined ? [] : workflowIds.map((id) => ({ text: id, source: databaseFile }))),
      ...items.map(({ itemId }) => ({ text: itemId, source: join(dataDir, 'vault') + sep })),
    ],
  });
}
