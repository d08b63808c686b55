import { once } from 'node:events';
import { WorkflowClient } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { createActivities } from '../../src/activities';
import { generateKeyRingText, parseKeyRing } from '../../src/secrets/key-ring';
import { openVault, ringKeyProvider } from '../../src/vault';
import { BUILT_WORKFLOWS } from '../../testing/built';
import { plaidClientFor, type PlaidAccount } from '../../testing/infrastructure';
import { createWorkers } from '../../testing/in-process-workers';
import { memoryVault } from './memory-vault';
import { quietRuntime } from '../../testing/quiet-runtime';

/** The message that the parent sends. */
export interface VariantOptions {
  address: string;
  namespace: string;
  account: PlaidAccount;
  /** Undefined: the vault is in memory. */
  databaseUrl: string | undefined;
  /** Undefined: payloads are not encrypted. */
  codecKeys: string | undefined;
}

/** The workers of a deployment that lacks a part. Ends when its parent disconnects. */
async function main(): Promise<void> {
  const [{ address, namespace, account, databaseUrl, codecKeys }] = (await once(process, 'message')) as [
    VariantOptions,
  ];
  quietRuntime();
  const connection = await NativeConnection.connect({ address });
  const vaultRing = parseKeyRing(generateKeyRingText('vault'), 'vault keys');
  const vault =
    databaseUrl === undefined
      ? memoryVault()
      : await openVault({
          databaseUrl,
          keys: ringKeyProvider(vaultRing, 'vault keys'),
          environment: 'sandbox',
        });
  const codecRing = codecKeys === undefined ? undefined : parseKeyRing(codecKeys, 'codec keys');
  const plaid = plaidClientFor(account);
  const noticeClient = new WorkflowClient({ connection, namespace });
  const now = () => Promise.resolve(Date.now());
  const activities = createActivities({ plaid, environment: 'sandbox', vault, noticeClient, now });
  const workers = createWorkers({
    connection,
    namespace,
    activities,
    bundle: { codePath: BUILT_WORKFLOWS },
  });
  await workers.start(codecRing);
  process.send?.('ready');
  await once(process, 'disconnect');
  await workers.stop();
  await plaid.close();
  await vault.close();
  await connection.close();
}

void main();
