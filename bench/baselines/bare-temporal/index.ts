import { join } from 'node:path';
import { Client, WithStartWorkflowOperation, WorkflowIdConflictPolicy } from '@temporalio/client';
import { runSql } from '../../../testing/postgres';
import { forkAndSend } from '../../forked';
import type { SessionContender } from '../../temporal/contender';
import type { BenchInfrastructure } from '../../temporal/infrastructure';
import { ITEMS_TABLE, storedItems } from '../session-steps';
import { BARE_TASK_QUEUE, bareWorkflowId } from './names';
import type { BareWorkerOptions } from './worker-child';
import { type bareSession, checkNowSignal, linkUpdate } from './workflows';

/**
 * The floor: a Temporal workflow with the same activities and signals and nothing else, as Temporal's samples would write it
 * (`early-return`, `polling/infrequent`). Runs until the infrastructure is closed.
 */
export async function startBareTemporal(infrastructure: BenchInfrastructure): Promise<SessionContender> {
  const databaseUrl = await infrastructure.postgres.createDatabase();
  await runSql(databaseUrl, ITEMS_TABLE);
  const options: BareWorkerOptions = {
    address: infrastructure.temporalServer.address,
    account: infrastructure.account,
    databaseUrl,
  };
  const worker = await forkAndSend<BareWorkerOptions, number>(join(__dirname, 'worker-child.ts'), options);
  infrastructure.closeLater(() => worker.close());
  const { workflow } = new Client({ connection: infrastructure.connection });
  return {
    name: 'bare Temporal',
    workerPids: [worker.pid],
    webhookUrl: `http://127.0.0.1:${worker.answer}/`,
    async start(linkToken) {
      const id = linkToken.replace(/^link-sandbox-/, '');
      const startWorkflowOperation = new WithStartWorkflowOperation<typeof bareSession>('bareSession', {
        workflowId: bareWorkflowId(id),
        taskQueue: BARE_TASK_QUEUE,
        args: [linkToken],
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      });
      await workflow.executeUpdateWithStart(linkUpdate, { startWorkflowOperation });
      return id;
    },
    hint: (id) => workflow.getHandle(bareWorkflowId(id)).signal(checkNowSignal),
    ended: async (id) => void (await workflow.getHandle(bareWorkflowId(id)).result()),
    terminate: async (id) => void (await workflow.getHandle(bareWorkflowId(id)).terminate()),
    storedAtMs: () => storedItems(databaseUrl),
  };
}
