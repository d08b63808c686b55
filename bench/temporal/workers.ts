import { WorkflowClient } from '@temporalio/client';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';
import { Worker } from '@temporalio/worker';
import type * as ActivitiesModule from '../../src/activities';
import type * as CodecModule from '../../src/codec/payload-codec';
import type { KeyRing } from '../../src/secrets/key-ring';
import type * as PlaidClientModule from '../../src/plaid/client';
import type * as SecretModule from '../../src/secrets/secret';
import type * as IdsModule from '../../src/domain/ids';
import type { Vault } from '../../src/vault';
import { built } from '../built';
import type { PlaidAccount } from './stage';

const { createActivities } = built<typeof ActivitiesModule>('activities/index');
const { createWorkerCodec } = built<typeof CodecModule>('codec/payload-codec');
const { createPlaidClient } = built<typeof PlaidClientModule>('plaid/client');
const { Secret } = built<typeof SecretModule>('secrets/secret');
const { TASK_QUEUES } = built<typeof IdsModule>('domain/ids');

const WORKFLOW_BUNDLE = { codePath: require.resolve('../../dist/workflow-bundle.js') };

export interface WorkersOptions {
  connection: NativeConnection;
  namespace: string;
  account: PlaidAccount;
  vault: Vault;
  /** Undefined: payloads are not encrypted. */
  codecRing: KeyRing | undefined;
  /** The time, in milliseconds since the epoch. Default: that of this machine. */
  now?: () => Promise<number>;
}

/** The workers of a deployment in this process, put together from its parts so that one can be left out. Gives what ends them. */
export async function startWorkers({
  connection,
  namespace,
  account,
  vault,
  codecRing,
  now = () => Promise.resolve(Date.now()),
}: WorkersOptions): Promise<() => Promise<void>> {
  const plaid = createPlaidClient({
    clientId: account.clientId,
    secret: new Secret(account.secret),
    environment: 'sandbox',
    baseUrl: account.url,
  });
  const noticeClient = new WorkflowClient({ connection, namespace });
  const options: Omit<WorkerOptions, 'taskQueue'> = {
    connection,
    namespace,
    activities: createActivities({ plaid, environment: 'sandbox', vault, noticeClient, now }),
    ...(codecRing && { dataConverter: { payloadCodecs: [createWorkerCodec(codecRing)] } }),
  };
  const workers = await Promise.all([
    Worker.create({ ...options, taskQueue: TASK_QUEUES.main, workflowBundle: WORKFLOW_BUNDLE }),
    Worker.create({ ...options, taskQueue: TASK_QUEUES.plaid }),
    Worker.create({ ...options, taskQueue: TASK_QUEUES.plaidUrgent }),
  ]);
  const runs = Promise.all(workers.map((worker) => worker.run()));
  return async () => {
    for (const worker of workers) worker.shutdown();
    await runs;
    await plaid.close();
  };
}
