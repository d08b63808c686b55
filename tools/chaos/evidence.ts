import { setTimeout as delay } from 'node:timers/promises';
import type { StatusReport } from '../../src/client';
import type { LedgerJson } from '../../src/sandbox';
import type { ItemRow, ResultRow, SessionRow } from '../../src/vault';
import { hasIssuedToken } from '../../testing/issued-tokens';
import type { Blow } from './chaos';
import type { ExchangeCall } from './exchange-calls';
import type { Topology } from './topology';
import type { Visit } from './visitors';

/** How long workflows may still run once all sessions have ended, in milliseconds. */
const CLOSING_MS = 30_000;

/** How often a session's status is asked for, when no worker answers in time. */
const STATUS_TRIES = 5;

/** What the run has come to for one session: what the client tells, and what the vault has. */
export interface Finding {
  visit: Visit;
  report: StatusReport;
  row: SessionRow | undefined;
}

/** An item of the vault. */
export interface StoredItem extends ItemRow {
  /** Whether it decrypts to the token that Plaid issued for this item. Undefined when it has been removed. */
  hasIssuedToken: boolean | undefined;
}

/** All that the audit looks at. Only the ledger holds secrets. */
export interface Evidence {
  findings: readonly Finding[];
  /** All of the vault's journal. */
  results: readonly ResultRow[];
  /** All items of the vault. */
  items: readonly StoredItem[];
  ledger: LedgerJson;
  calls: readonly ExchangeCall[];
  blows: readonly Blow[];
  /** Token exchanges that have not completed, and sessions that run: workflow id and status. */
  unfinished: readonly { workflowId: string; status: string }[];
}

/** Gathers it, once all sessions should have ended. */
export async function gatherEvidence(
  topology: Topology,
  visits: readonly Visit[],
  { calls, blows }: Pick<Evidence, 'calls' | 'blows'>,
): Promise<Evidence> {
  const { client, vault, sandbox } = topology;
  const unfinished = await unfinishedWorkflows(topology);
  const findings: Finding[] = [];
  // One after the other: hundreds of queries at once are more than two workers answer in time.
  for (const visit of visits) {
    const report = await statusByWorker(client, visit.key);
    findings.push({ visit, report, row: await vault.sessions.get(visit.key) });
  }
  const ledger = sandbox.ledger().toJSON();
  const items = await Promise.all(
    (await vault.items.list()).map(async (item) => ({
      ...item,
      hasIssuedToken: item.removedAt
        ? undefined
        : await hasIssuedToken(vault, item.itemId, ledger, 'torture'),
    })),
  );
  return { findings, results: await vault.results.find(), items, ledger, calls, blows, unfinished };
}

/** The status as a worker tells it, who knows more than the server does. */
async function statusByWorker(client: Topology['client'], key: string): Promise<StatusReport> {
  for (let tries = 1; ; tries += 1) {
    const report = await client.status(key);
    if (report.answeredBy === 'worker' || tries === STATUS_TRIES) return report;
  }
}

/** A list lags behind, so it is asked for until it is empty, or long enough. */
async function unfinishedWorkflows({ temporal }: Topology): Promise<Evidence['unfinished']> {
  const query =
    "ExecutionStatus = 'Running' OR (WorkflowType = 'tokenExchange' AND ExecutionStatus != 'Completed')";
  for (const deadline = Date.now() + CLOSING_MS; ; await delay(1_000)) {
    const unfinished: { workflowId: string; status: string }[] = [];
    for await (const { workflowId, status } of temporal.workflow.list({ query }))
      unfinished.push({ workflowId, status: status.name });
    if (unfinished.length === 0 || Date.now() > deadline) return unfinished;
  }
}
