import type { Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { readLimit } from '../../worker/rates/task-queue-limit';
import { TASK_QUEUES } from '../../domain/ids';
import { ok, warning, type Finding } from './finding';

const { TASK_QUEUE_TYPE_ACTIVITY, TASK_QUEUE_TYPE_WORKFLOW } = temporal.api.enums.v1.TaskQueueType;

/** Whether workers poll the task queues, and what holds their rates down. */
export async function checkTaskQueues(connection: Connection, namespace: string): Promise<Finding[]> {
  return [
    await pollers(connection, namespace),
    await rate(connection, namespace, TASK_QUEUES.plaid),
    await rate(connection, namespace, TASK_QUEUES.plaidUrgent),
  ];
}

async function pollers(connection: Connection, namespace: string): Promise<Finding> {
  const queues = [
    { name: TASK_QUEUES.main, taskQueueType: TASK_QUEUE_TYPE_WORKFLOW },
    { name: TASK_QUEUES.plaid, taskQueueType: TASK_QUEUE_TYPE_ACTIVITY },
    { name: TASK_QUEUES.plaidUrgent, taskQueueType: TASK_QUEUE_TYPE_ACTIVITY },
  ];
  const answers = await Promise.all(
    queues.map(({ name, taskQueueType }) =>
      connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType }),
    ),
  );
  const idle = queues.filter((_, index) => answers[index]!.pollers.length === 0).map(({ name }) => name);
  if (idle.length > 0) {
    return warning('workers', `none polls ${idle.join(', ')}`, 'start hosted-link worker in this namespace');
  }
  const workers = new Set(answers.flatMap(({ pollers }) => pollers.map(({ identity }) => identity)));
  return ok('workers', `${workers.size} polled within the last minutes`);
}

async function rate(connection: Connection, namespace: string, taskQueue: string): Promise<Finding> {
  const check = `rate of ${taskQueue}`;
  const { perSecond, reason, ours } = await readLimit(connection, namespace, taskQueue);
  if (perSecond === undefined) return ok(check, "as the workers' settings say");
  if (ours) {
    return warning(
      check,
      `${shown(perSecond)}: ${reason}`,
      'wait: it rises by itself; if it is low for hours, lower the setting or ask Plaid for a higher limit',
    );
  }
  return warning(
    check,
    `${perSecond === 0 ? 'stopped' : shown(perSecond)}, set by somebody (${reason || 'no reason given'})`,
    `when that is over: temporal task-queue config set --task-queue ${taskQueue} --task-queue-type activity --queue-rps-limit default`,
  );
}

function shown(perSecond: number): string {
  return `${Math.round(perSecond * 100) / 100} a second`;
}
