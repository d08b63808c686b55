import { type ErasureReport, eraseUser } from '../../client/erase-user';
import { readSettings } from '../../config/settings';
import { EXIT_FAILURE } from '../exit-codes';
import type { ForgottenPerson } from '../output';
import { commandError, printJson, printLines } from '../print';
import { withProgress } from '../progress';
import { runWithClient, runWithRecords } from './connect';

/** Deletes a user's items and the data about them, and sets the exit code to 1 while something is unfinished. */
export async function erase(userId: string, { json }: { json?: boolean }): Promise<void> {
  const { retentionDays } = readSettings();
  await runWithRecords(async ({ retention }) => {
    await runWithClient({ vault: false }, async (client, temporal) => {
      const report = await withProgress('forgetting the person', () =>
        eraseUser(userId, { client, temporal, retention, retentionDays }),
      );
      if (json) printJson<'items forget'>(report ? forgottenPerson(report) : null);
      else printForgotten(report);
      if (report && isUnfinished(report)) process.exitCode = EXIT_FAILURE;
    });
  });
}

function forgottenPerson({ failures, ...report }: ErasureReport): ForgottenPerson {
  return {
    ...report,
    // What an error says is not among what JSON shows of it.
    failures: failures.map(({ itemId, error }) => ({ itemId, error: commandError(error) })),
  };
}

function isUnfinished({ left }: ErasureReport): boolean {
  const { runningSessions, endedSessions, liveItems } = left;
  return runningSessions.length + endedSessions.length + liveItems.length > 0;
}

function printForgotten(report: ErasureReport | undefined): void {
  if (!report) {
    printLines(['the vault keeps nothing of this person']);
    return;
  }
  const { cancelled, removed, failures, left, histories } = report;
  const lines = [
    ...removed.map((itemId) => `item ${itemId} is removed`),
    ...failures.map(({ error }) => `${error.code}: ${error.message}`),
    ...cancelled.map((key) => `session ${key} is being cancelled; a worker strips it once it has ended`),
  ];
  if (left.pendingResults > 0) lines.push(`${left.pendingResults} results are being exchanged`);
  if (left.uncertainResults > 0)
    lines.push(
      `${left.uncertainResults} results are UNCERTAIN: Plaid may have an item that the vault does not know`,
    );
  lines.push(
    isUnfinished(report)
      ? 'not everything has ended: run this again when it has'
      : 'the vault keeps nothing more of this person but a tombstone',
    ...histories.map(({ workflowId, deletedAt }) =>
      deletedAt
        ? `Temporal keeps the encrypted history of ${workflowId} until ${deletedAt}`
        : `Temporal keeps the encrypted history of ${workflowId}, which still runs`,
    ),
  );
  printLines(lines);
}
