import type { Connection } from '@temporalio/client';
import { searchAttributeProblems } from '../../temporal/search-attributes';
import { ok, problem, type Finding } from './finding';
import { refusal } from './refusal';

/** Whether the namespace is there, and has our search attributes. */
export async function checkNamespace(
  connection: Connection,
  namespace: string,
  { madeByWorker }: { madeByWorker: boolean },
): Promise<Finding[]> {
  try {
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    const days = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / 86_400;
    return [
      ok('namespace', `${namespace}; ended workflows are kept for ${Math.round(days * 24)} h`),
      await searchAttributes(connection, namespace, madeByWorker),
    ];
  } catch (error) {
    return [refusal('namespace', error)];
  }
}

async function searchAttributes(
  connection: Connection,
  namespace: string,
  madeByWorker: boolean,
): Promise<Finding> {
  const check = 'search attributes';
  const { missing, mistyped } = await searchAttributeProblems(connection, namespace);
  if (mistyped.length > 0) {
    return problem(
      check,
      `${namespace} has ${mistyped.join(', ')} with another type than hosted-link's`,
      'have whoever made them remove them (temporal operator search-attribute remove), then run hosted-link setup',
    );
  }
  if (missing.length === 0) return ok(check, 'all there');
  if (madeByWorker) return ok(check, `${missing.join(', ')} will be made by the worker`);
  return problem(check, `${namespace} lacks ${missing.join(', ')}`, 'run hosted-link setup');
}
