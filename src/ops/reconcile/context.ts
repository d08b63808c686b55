import type { Client } from '@temporalio/client';
import type { PlaidClient } from '../../plaid/plaid';
import type { StartRules } from '../../requests/start-request';
import type { Vault } from '../../vault';
import type { PlaidPace } from './plaid-pace';

/** What all checks work with. */
export interface ReconcileContext {
  vault: Vault;
  temporal: Client;
  plaid: PlaidClient;
  /** All calls to Plaid go through it. */
  pace: PlaidPace;
  /** The rules by which sessions check their requests. */
  rules: StartRules;
  /** Make what is safe, and repeats harmlessly. Default: only look. */
  fix: boolean;
  /** With `fix`: end the sessions that Temporal does not know, which nothing takes back. */
  endLost: boolean;
}

/** The rows that are looked at together: so many calls are under way at once, at most. */
const PAGE_SIZE = 20;

/** Reads a list a page at a time. */
export async function* pagesOf<Row>(
  read: (page: { after: string | undefined; limit: number }) => Promise<Row[]>,
  idOf: (row: Row) => string,
): AsyncGenerator<Row[]> {
  let after: string | undefined;
  for (;;) {
    const rows = await read({ after, limit: PAGE_SIZE });
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE_SIZE) return;
    after = idOf(rows.at(-1)!);
  }
}

/** Gathers what comes one by one into pages. */
export async function* gathered<T>(source: AsyncIterable<T>): AsyncGenerator<T[]> {
  let page: T[] = [];
  for await (const one of source) {
    page.push(one);
    if (page.length < PAGE_SIZE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
