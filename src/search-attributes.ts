import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectionLike } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from './workflows/search-attributes';

const { IndexedValueType } = temporal.api.enums.v1;

/** The names of the search attributes that the namespace lacks. A session cannot start without them. */
export async function missingSearchAttributes(
  connection: ConnectionLike,
  namespace: string,
): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return SEARCH_ATTRIBUTES.map(({ name }) => name).filter((name) => !(name in customAttributes));
}

/** How long a server may take to put a new search attribute to use, in milliseconds: its caches are refreshed within seconds. */
const USABLE_WITHIN_MS = 60_000;

/**
 * Adds the search attributes that the namespace lacks, waits until the server takes them, and gives their names.
 *
 * @throws Error of the server's, when it does not take them within a minute
 */
export async function addSearchAttributes(connection: ConnectionLike, namespace: string): Promise<string[]> {
  const missing = await missingSearchAttributes(connection, namespace);
  if (missing.length > 0) {
    const searchAttributes = Object.fromEntries(
      missing.map((name) => [name, IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD]),
    );
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
