import type { Command } from 'commander';
import { InputError } from '../domain/input-error';
import { printError } from './print';

/** What a list prints at most unless told otherwise. */
const DEFAULT_LIMIT = 100;

/** The options of a list that is read a page at a time. */
export interface PageOptions {
  limit?: number;
  after?: string;
}

/** Adds {@link PageOptions} to a command. @param row what a row is called, as in "item" */
export function withPageOptions(command: Command, row: string): Command {
  return command
    .option('--limit <number>', 'at most so many', limitOf, DEFAULT_LIMIT)
    .option('--after <id>', `go on after this ${row}`);
}

/**
 * Reads a page, and says on stderr how to go on where there are more rows.
 * @param read gives at most so many rows
 */
export async function readPage<Row>(
  { limit = DEFAULT_LIMIT }: PageOptions,
  idOf: (row: Row) => string,
  read: (limit: number) => Promise<Row[]>,
): Promise<Row[]> {
  const rows = await read(limit + 1);
  const page = rows.slice(0, limit);
  if (rows.length > limit) printError(`there are more: --after ${idOf(page.at(-1)!)}`);
  return page;
}

/** @throws InputError naming --limit */
export function limitOf(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InputError('--limit', 'not a count', 'give a whole number from 1 to 999999');
}
