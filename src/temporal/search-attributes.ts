import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectionLike } from '@temporalio/client';
import { SearchAttributeType } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes';

const { IndexedValueType } = temporal.api.enums.v1;

/** The search attributes that a namespace must have, with the server's types of them. */
export const INDEXED_TYPES: Readonly<Record<string, temporal.api.enums.v1.IndexedValueType>> =
  Object.fromEntries(
    SEARCH_ATTRIBUTES.map(({ name, type }) => [
      name,
      type === SearchAttributeType.KEYWORD_LIST
        ? IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST
        : IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    ]),
  );

/** What keeps sessions from starting in a namespace, by the names of search attributes. */
export interface SearchAttributeProblems {
  /** What the namespace lacks. */
  missing: string[];
  /** What it has under our name, but of another type. */
  mistyped: string[];
}

/** Compares the search attributes of the namespace with ours. A session cannot start before they are the same. */
export async function searchAttributeProblems(
  connection: ConnectionLike,
  namespace: string,
): Promise<SearchAttributeProblems> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const names = Object.keys(INDEXED_TYPES);
  return {
    missing: names.filter((name) => !(name in customAttributes)),
    mistyped: names.filter(
      (name) => name in customAttributes && customAttributes[name] !== INDEXED_TYPES[name],
    ),
  };
}

/** How long a server may take to put a new search attribute to use, in milliseconds: its caches are refreshed within seconds. */
const USABLE_WITHIN_MS = 60_000;

/**
 * Adds the search attributes that the namespace lacks, waits until the server takes them, and gives their names. One of another
 * type is left as it is.
 *
 * @throws Error of the server's, when it does not take them within a minute
 */
export async function addSearchAttributes(connection: ConnectionLike, namespace: string): Promise<string[]> {
  const { missing } = await searchAttributeProblems(connection, namespace);
  if (missing.length > 0) {
    const searchAttributes = Object.fromEntries(missing.map((name) => [name, INDEXED_TYPES[name]!]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    await untilUsable(connection, namespace, missing);
  }
  return missing;
}

/** A server lists a search attribute before it accepts it: ask for workflows by it until it does. */
async function untilUsable(connection: ConnectionLike, namespace: string, names: string[]): Promise<void> {
  const query = names.map((name) => `${name} = 'none'`).join(' OR ');
  const deadline = Date.now() + USABLE_WITHIN_MS;
  for (;;) {
    try {
      await connection.workflowService.countWorkflowExecutions({ namespace, query });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(250);
    }
  }
}
