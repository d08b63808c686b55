import { setTimeout as delay } from 'node:timers/promises';
import type { StatusReport } from '../../src/client';
import type { LedgerJson } from '../../src/sandbox';
import type { ItemRow, ResultRow, SessionRow } from '../../src/vault';
import { hasIssuedToken } from '../../testing/issued-tokens';
import type { Disruption } from './disruptions';
import type { ExchangeCall } from './exchange-calls';
import type { ChaosDeployment } from './deployment';
import type { LoadSession } from './load';

/** How long workflows may still run once all sessions have ended, in milliseconds. */
const CLOSING_MS = 30_000;

/** How often to request a session's status when no worker answers in time. */
const STATUS_TRIES = 5;

/** One session at the end of the run: its status, and its row in the vault. */
export interface Finding {
  session: LoadSession;
  report: StatusReport;
  row: SessionRow | undefined;
}

/** An item of the vault. */
export interface StoredItem extends ItemRow {
  /** Whether it decrypts to the token that Plaid issued for this item. Undefined when it has been removed. */
  hasIssuedToken: boolean | undefined;
}

/** Everything that the audit compares. Only the ledger holds secrets. */
export interface ChaosOutcome {
  findings: readonly Finding[];
  /** All results in the vault. */
  results: readonly ResultRow[];
  /** All items of the vault. */
  items: readonly StoredItem[];
  ledger: LedgerJson;
  calls: readonly ExchangeCall[];
  disruptions: readonly Disruption[];
  /** Token exchanges that have not completed, and sessions that run: workflow id and status. */
  unfinished: readonly { workflowId: string; status: string }[];
}

/** Collects the outcome of a run. Call it when all sessions should have ended. */
export async function collectOutcome(
  deployment: ChaosDeployment,
  sessions: readonly LoadSession[],
  { calls, disruptions }: Pick<ChaosOutcome, 'calls' | 'disruptions'>,
): Promise<ChaosOutcome> {
  const { client, vault, sandbox } = deployment;
  const unfinished = await unfinishedWorkflows(deployment);
  const findings: Finding[] = [];
  // One after the other: hundreds of queries at once are more than two workers answer in time.
  for (const session of sessions) {
    const report = await statusByWorker(client, session.key);
    findings.push({ session, report, row: await vault.sessions.get(session.key) });
  }
  const ledger = sandbox.ledger().toJSON();
  const items = await Promise.all(
    (await vault.items.list()).map(async (item) => ({
      ...item,
      hasIssuedToken: item.removedAt ? undefined : await hasIssuedToken(vault, item.itemId, ledger, 'chaos'),
    })),
  );
  return { findings, results: await vault.results.find(), items, ledger, calls, disruptions, unfinished };
}

/** Gives the status as a worker reports it, which holds more than the server's. */
async function statusByWorker(client: ChaosDeployment['client'], key: string): Promise<StatusReport> {
  for (let tries = 1; ; tries += 1) {
    const report = await client.status(key);
    if (report.answeredBy === 'worker' || tries === STATUS_TRIES) return report;
  }
}

/** Lists workflows that have not ended. Lists lag behind, so this repeats them until one is empty, for 30 s at most. */
async function unfinishedWorkflows({ temporal }: ChaosDeployment): Promise<ChaosOutcome['unfinished']> {
  const query =
    "ExecutionStatus = 'Running' OR (WorkflowType = 'tokenExchange' AND ExecutionStatus != 'Completed')";
  for (const deadline = Date.now() + CLOSING_MS; ; await delay(1_000)) {
    const unfinished: { workflowId: string; status: string }[] = [];
    for await (const { workflowId, status } of temporal.workflow.list({ query }))
      unfinished.push({ workflowId, status: status.name });
    if (unfinished.length === 0 || Date.now() > deadline) return unfinished;
  }
}
