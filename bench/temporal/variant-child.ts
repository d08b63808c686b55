import { once } from 'node:events';
import { NativeConnection } from '@temporalio/worker';
import type * as KeyRingModule from '../../src/secrets/key-ring';
import type * as VaultModule from '../../src/vault';
import { built } from '../built';
import { memoryVault } from './memory-vault';
import { quietRuntime } from './quiet-runtime';
import type { PlaidAccount } from './stage';
import { startWorkers } from './workers';

const { generateKeyRingText, parseKeyRing } = built<typeof KeyRingModule>('secrets/key-ring');
const { openVault, ringKeyProvider } = built<typeof VaultModule>('vault/index');

/** What the process is told by its parent. */
export interface VariantOptions {
  address: string;
  namespace: string;
  account: PlaidAccount;
  /** Undefined: the vault is in memory. */
  databaseUrl: string | undefined;
  /** Undefined: payloads are not encrypted. */
  codecKeys: string | undefined;
}

/** The workers of a deployment that lacks a part. Ends when its parent lets go of it. */
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
  const stop = await startWorkers({ connection, namespace, account, vault, codecRing });
  process.send?.('ready');
  await once(process, 'disconnect');
  await stop();
  await vault.close();
  await connection.close();
}

void main();
