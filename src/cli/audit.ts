import { Command } from 'commander';
import { InputError } from '../domain/input-error';
import type { AuditEntry, RepairEntry } from '../vault';
import { examples } from './examples';
import { limitOf } from './page-options';
import { printJson, printLines } from './print';
import { withRecords } from './with-records';

interface AuditOptions {
  item?: string;
  actor?: string;
  since?: Date;
  until?: Date;
  limit?: number;
  repairs?: boolean;
  json?: boolean;
}

/** `hosted-link audit`: who read which access token. */
export function auditCommand(): Command {
  return new Command('audit')
    .description('tell who read which access token, when and what for; newest first')
    .option('--item <id>', 'only reads of this item')
    .option('--actor <name>', 'only reads by this one')
    .option('--since <time>', 'only reads at this time or later (ISO 8601)', (text) =>
      timeOf(text, '--since'),
    )
    .option('--until <time>', 'only reads before this time (ISO 8601)', (text) => timeOf(text, '--until'))
    .option('--limit <number>', 'at most so many', limitOf, 100)
    .option('--repairs', 'what `hosted-link reconcile` has changed, instead of reads')
    .option('--json', 'print a list')
    .addHelpText(
      'after',
      examples(
        'hosted-link audit --item gVM8b7wWzPSm --since 2026-01-31',
        'hosted-link audit --repairs --json',
      ),
    )
    .action(async ({ item: itemId, repairs: ofRepairs, json, ...filter }: AuditOptions) => {
      await withRecords(async ({ audit, repairs }) => {
        const entries = ofRepairs
          ? await repairs.list(filter.limit!)
          : await audit.list({ itemId, ...filter });
        if (json) printJson<'audit'>(entries);
        else printLines(entries.map((entry) => ('readId' in entry ? readLine(entry) : repairLine(entry))));
      });
    });
}

function readLine({ readAt, itemId, actor, purpose }: AuditEntry): string {
  return `${readAt.toISOString()} ${itemId} by ${actor}: ${purpose}`;
}

function repairLine({ repairedAt, kind, subject }: RepairEntry): string {
  return `${repairedAt.toISOString()} ${kind} ${subject}`;
}

const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

function timeOf(text: string, option: string): Date {
  const time = new Date(text);
  if (TIME.test(text) && !Number.isNaN(time.getTime())) return time;
  throw new InputError(option, 'not a time in ISO 8601', 'write it as 2026-01-31 or 2026-01-31T12:00:00Z');
}
