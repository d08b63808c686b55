import { Command } from 'commander';
import { userHash } from '../digest';
import { type ItemRow, unknownItem } from '../vault';
import { printJson } from './print';
import { withClient } from './with-client';
import { withRecords } from './with-records';

/** `hosted-link items`: looks at the items that are stored, and removes them. */
export function itemsCommand(): Command {
  return new Command('items')
    .description('list, show and remove stored items')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(removeCommand());
}

interface ListOptions {
  session?: string;
  user?: string;
  json?: boolean;
}

function listCommand(): Command {
  return new Command('list')
    .description('list the stored items, the removed ones among them')
    .option('--session <key>', 'only those of this session')
    .option('--user <id>', 'only those of this person, by the user id that their sessions were started with')
    .option('--json', 'print a list')
    .action(async ({ session, user, json }: ListOptions) => {
      await withRecords(async ({ items }) => {
        const filter = { sessionKey: session, userHash: user === undefined ? undefined : userHash(user) };
        const rows = await items.list(filter);
        if (json) printJson(rows.map(shown));
        else for (const item of rows) process.stdout.write(`${lineOf(item)}\n`);
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
      process.stdout.write(`item ${itemId} is removed\n`);
    });
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
  process.stdout.write(`${lines.join('\n')}\n`);
}
