import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type * as ClientModule from '../../src/client';
import type * as CodecModule from '../../src/codec/payload-codec';
import type * as KeyRingModule from '../../src/key-ring';
import type * as VaultModule from '../../src/vault';
import { built } from '../built';
import { START_TIMEOUT_MS, type SessionContender } from './contender';
import type { Stage } from './stage';
import type { VariantOptions } from './variant-child';

const { HostedLinkClient } = built<typeof ClientModule>('client');
const { createPayloadCodec } = built<typeof CodecModule>('codec/payload-codec');
const { generateKeyRingText, parseKeyRing } = built<typeof KeyRingModule>('key-ring');
const { migrate } = built<typeof VaultModule>('vault/index');

/** Starts this project without its codec, or with a vault that only remembers, to know what that part costs. */
export async function startVariant(
  stage: Stage,
  without: 'codec' | 'vault',
  namespace: string,
): Promise<Omit<SessionContender, 'webhookUrl' | 'terminate' | 'storedAtMs'>> {
  const databaseUrl = without === 'vault' ? undefined : await stage.createDatabase();
  if (databaseUrl !== undefined) await migrate(databaseUrl);
  const codecKeys = without === 'codec' ? undefined : generateKeyRingText('codec');
  const worker = fork(join(__dirname, 'variant-child.ts'));
  const exited = once(worker, 'exit');
  const { address, account } = stage;
  worker.send({ address, namespace, account, databaseUrl, codecKeys } satisfies VariantOptions);
  await Promise.race([
    once(worker, 'message'),
    exited.then(() => Promise.reject(new Error('a worker ended at its start'))),
  ]);
  stage.closeLater(async () => {
    worker.disconnect();
    await exited;
  });
  const payloadCodecs =
    codecKeys === undefined ? [] : [createPayloadCodec(parseKeyRing(codecKeys, 'codec keys'))];
  const temporal = new Client({ connection: stage.connection, namespace, dataConverter: { payloadCodecs } });
  const client = new HostedLinkClient({ temporal, environment: 'sandbox' });
  return {
    name: `ours without its ${without}`,
    workerPids: [worker.pid!],
    start: async (linkToken) => (await client.start({ linkToken }, { timeoutMs: START_TIMEOUT_MS })).key,
    hint: (key) => client.checkNow(key),
    ended: (key) => client.waitForEnd(key),
  };
}
