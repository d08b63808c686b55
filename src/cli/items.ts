import { Command } from 'commander';
import { userHash } from '../secrets/digest';
import type { ItemRow } from '../vault';
import { unknownItem } from '../vault/stores/items';
import { examples } from './examples';
import type { StoredItem } from './output';
import { type PageOptions, readPage, withPageOptions } from './page-options';
import { printJson, printLines } from './print';
import { withProgress } from './progress';
import { withClient } from './with-client';
import { withRecords } from './with-records';

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
    .addHelpText(
      'after',
      examples('hosted-link items list --user user-42', 'hosted-link items list --session user-42 --json'),
    )
    .action(async ({ session, user, json, ...page }: ListOptions) => {
      await withRecords(async ({ items }) => {
        const filter = { sessionKey: session, userHash: user === undefined ? undefined : userHash(user) };
        const read = (limit: number) => items.list({ ...filter, after: page.after, limit });
        const rows = await readPage(page, ({ itemId }) => itemId, read);
        if (json) printJson<'items list'>(rows.map(shown));
        else printLines(rows.map(lineOf));
      });
    });
}

function showCommand(): Command {
  return new Command('show')
    .description('show a stored item')
    .argument('<item id>', "Plaid's item id")
    .option('--json', 'print an object')
    .addHelpText('after', examples('hosted-link items show gVM8b7wWzPSm'))
    .action(async (itemId: string, { json }: { json?: boolean }) => {
      await withRecords(async ({ items }) => {
        const item = await items.get(itemId);
        if (!item) throw unknownItem(itemId);
        if (json) printJson<'items show'>(shown(item));
        else printItem(item);
      });
    });
}

function removeCommand(): Command {
  return new Command('remove')
    .description('remove an item at Plaid, and its access token from the vault; the worker does it')
    .argument('<item id>', "Plaid's item id")
    .option('--json', 'print an object')
    .addHelpText('after', examples('hosted-link items remove gVM8b7wWzPSm'))
    .action(async (itemId: string, { json }: { json?: boolean }) => {
      await withClient({ vault: false }, (client) =>
        withProgress('waiting for the worker to remove the item', () => client.removeItem(itemId)),
      );
      if (json) printJson<'items remove'>({ itemId });
      else printLines([`item ${itemId} is removed`]);
    });
}

function forgetCommand(): Command {
  return new Command('forget')
    .description('remove a person: their items at Plaid and in the vault, and what tells of them')
    .argument('<user id>', 'the user id that their sessions were started with')
    .option('--json', 'print an object; null when the vault keeps nothing of the person')
    .addHelpText('after', examples('hosted-link items forget user-42'))
    .action(async (userId: string, options: { json?: boolean }) => {
      const { erase } = await import('./actions/erase.js');
      await erase(userId, options);
    });
}

/** An item without what only the vault needs: whose it is. */
function shown({ userHash: _, ...item }: ItemRow): StoredItem {
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
  healthyAt,
  removedAt,
}: ItemRow): void {
  const institution = [institutionName, institutionId && `(${institutionId})`].filter(Boolean).join(' ');
  const lines = [
    `item ${itemId}`,
    `  session:     ${sessionKey}`,
    ...(institution ? [`  institution: ${institution}`] : []),
    `  linked:      ${linkedAt.toISOString()}`,
    ...(healthyAt ? [`  mended:      ${healthyAt.toISOString()}`] : []),
    ...(removedAt ? [`  removed:     ${removedAt.toISOString()}`] : []),
  ];
  printLines(lines);
}
