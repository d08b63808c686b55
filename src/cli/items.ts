import { Command } from 'commander';
import { readSettings } from '../config';
import { userHash } from '../digest';
import { type ForgetReport, forgetUser } from '../forget-user';
import { type ItemRow, unknownItem } from '../vault';
import { type PageOptions, readPage, withPageOptions } from './page-options';
import { printJson, printLines } from './print';
import { withClient } from './with-client';
import { withRecords } from './with-records';

/** What `forget` exits with when something of the person is left. */
const EXIT_UNFINISHED = 1;

/** `hosted-link items`: looks at the items that are stored, and removes them. */
export function itemsCommand(): Command {
  return new Command('items')
    .description('list, show and remove stored items, and forget whose they are')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(removeCommand())
    .addCommand(forgetCommand());
}

interface ListOptions extends PageOptions {
  session?: string;
  user?: string;
  json?: boolean;
}

function listCommand(): Command {
  return withPageOptions(new Command('list'), 'item')
    .description('list the stored items, the removed ones among them, in the order in which they were linked')
    .option('--session <key>', 'only those of this session')
    .option('--user <id>', 'only those of this person, by the user id that their sessions were started with')
    .option('--json', 'print a list')
    .action(async ({ session, user, json, ...page }: ListOptions) => {
      await withRecords(async ({ items }) => {
        const filter = { sessionKey: session, userHash: user === undefined ? undefined : userHash(user) };
        const read = (limit: number) => items.list({ ...filter, after: page.after, limit });
        const rows = await readPage(page, ({ itemId }) => itemId, read);
        if (json) printJson(rows.map(shown));
        else printLines(rows.map(lineOf));
      });
    });
}

function showCommand(): Command {
  return new Command('show')
    .description('show a stored item')
    .argument('<item id>', "Plaid's item id")
    .option('--json', 'print an object')
    .action(async (itemId: string, { json }: { json?: boolean }) => {
      await withRecords(async ({ items }) => {
        const item = await items.get(itemId);
        if (!item) throw unknownItem(itemId);
        if (json) printJson(shown(item));
        else printItem(item);
      });
    });
}

function removeCommand(): Command {
  return new Command('remove')
    .description('remove an item at Plaid, and its access token from the vault; the worker does it')
    .argument('<item id>', "Plaid's item id")
    .action(async (itemId: string) => {
      await withClient({ vault: false }, (client) => client.removeItem(itemId));
      printLines([`item ${itemId} is removed`]);
    });
}

function forgetCommand(): Command {
  return new Command('forget')
    .description('remove a person: their items at Plaid and in the vault, and what tells of them')
    .argument('<user id>', 'the user id that their sessions were started with')
    .option('--json', 'print an object')
    .action(async (userId: string, { json }: { json?: boolean }) => {
      const { retentionDays } = readSettings();
      await withRecords(async ({ retention }) => {
        await withClient({ vault: false }, async (client, temporal) => {
          const report = await forgetUser(userId, { client, temporal, retention, retentionDays });
          if (json) printJson(report ?? null);
          else printForgotten(report);
          if (report && isUnfinished(report)) process.exitCode = EXIT_UNFINISHED;
        });
      });
    });
}

function isUnfinished({ left }: ForgetReport): boolean {
  const { runningSessions, endedSessions, liveItems } = left;
  return runningSessions.length + endedSessions.length + liveItems.length > 0;
}

function printForgotten(report: ForgetReport | undefined): void {
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

/** An item without what only the vault needs: whose it is. */
function shown({ userHash: _, ...item }: ItemRow): Omit<ItemRow, 'userHash'> {
  return item;
}

function lineOf({ itemId, sessionKey, institutionName, linkedAt, removedAt }: ItemRow): string {
  const institution = institutionName ? ` at ${institutionName}` : '';
  const removed = removedAt ? `, removed ${removedAt.toISOString()}` : '';
  return `${itemId}${institution}, session ${sessionKey}, linked ${linkedAt.toISOString()}${removed}`;
}

function printItem({
  itemId,
  sessionKey,
  institutionId,
  institutionName,
  linkedAt,
  mendedAt,
  removedAt,
}: ItemRow): void {
  const institution = [institutionName, institutionId && `(${institutionId})`].filter(Boolean).join(' ');
  const lines = [
    `item ${itemId}`,
    `  session:     ${sessionKey}`,
    ...(institution ? [`  institution: ${institution}`] : []),
    `  linked:      ${linkedAt.toISOString()}`,
    ...(mendedAt ? [`  mended:      ${mendedAt.toISOString()}`] : []),
    ...(removedAt ? [`  removed:     ${removedAt.toISOString()}`] : []),
  ];
  printLines(lines);
}
