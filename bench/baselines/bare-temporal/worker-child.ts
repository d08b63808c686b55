import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import fastify from 'fastify';
import { Pool } from 'pg';
import { quietRuntime } from '../../../testing/quiet-runtime';
import type { PlaidAccount } from '../../../testing/infrastructure';
import { bareUndici } from '../bare-undici';
import { sessionSteps } from '../session-steps';
import { bareActivities } from './activities';
import { BARE_TASK_QUEUE, bareWorkflowId } from './names';
import { checkNowSignal } from './workflows';

/** The message that the parent sends. */
export interface BareWorkerOptions {
  address: string;
  account: PlaidAccount;
  databaseUrl: string;
}

/** The bare contender's worker and its receiver of webhooks, which trusts every webhook. Ends when its parent disconnects. */
async function main(): Promise<void> {
  const [{ address, account, databaseUrl }] = (await once(process, 'message')) as [BareWorkerOptions];
  quietRuntime();
  const connection = await NativeConnection.connect({ address });
  const pool = new Pool({ connectionString: databaseUrl, max: 5 });
  const worker = await Worker.create({
    connection,
    taskQueue: BARE_TASK_QUEUE,
    workflowsPath: require.resolve('./workflows'),
    activities: bareActivities(sessionSteps(bareUndici(account.url, account.clientId, account.secret), pool)),
  });
  const run = worker.run();
  const { workflow } = new Client({ connection });
  const receiver = fastify();
  receiver.post<{ Body: { link_delivery_session_id?: string } }>('/', async ({ body }) => {
    const { link_delivery_session_id: id } = body;
    if (id !== undefined) await workflow.getHandle(bareWorkflowId(id)).signal(checkNowSignal);
    return {};
  });
  await receiver.listen({ host: '127.0.0.1', port: 0 });
  process.send?.((receiver.server.address() as AddressInfo).port);
  await once(process, 'disconnect');
  worker.shutdown();
  await run;
  await Promise.all([receiver.close(), pool.end(), connection.close()]);
}

void main();
