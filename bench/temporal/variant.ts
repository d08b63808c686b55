import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type * as ClientModule from '../../src/client';
import type * as CodecModule from '../../src/codec/payload-codec';
import type * as KeyRingModule from '../../src/secrets/key-ring';
import type * as VaultModule from '../../src/vault';
import { built } from '../built';
import { forkAndTell } from '../forked';
import { START_TIMEOUT_MS, type SessionContender } from './contender';
import type { Stage } from './stage';
import type { VariantOptions } from './variant-child';

const { HostedLinkClient } = built<typeof ClientModule>('client');
const { createPayloadCodec } = built<typeof CodecModule>('codec/payload-codec');
const { generateKeyRingText, parseKeyRing } = built<typeof KeyRingModule>('secrets/key-ring');
const { migrate } = built<typeof VaultModule>('vault/index');

/** Starts this project without its codec, or with a vault that only remembers, to know what that part costs. */
export async function startVariant(
  stage: Stage,
  without: 'codec' | 'vault',
  namespace: string,
): Promise<Omit<SessionContender, 'webhookUrl' | 'terminate' | 'keptAtMs' | 'storedAtMs'>> {
  const databaseUrl = without === 'vault' ? undefined : await stage.createDatabase();
  if (databaseUrl !== undefined) await migrate(databaseUrl);
  const codecKeys = without === 'codec' ? undefined : generateKeyRingText('codec');
  const { address, account } = stage;
  const told: VariantOptions = { address, namespace, account, databaseUrl, codecKeys };
  const worker = await forkAndTell(join(__dirname, 'variant-child.ts'), told);
  stage.closeLater(() => worker.close());
  const payloadCodecs =
    codecKeys === undefined ? [] : [createPayloadCodec(parseKeyRing(codecKeys, 'codec keys'))];
  const temporal = new Client({ connection: stage.connection, namespace, dataConverter: { payloadCodecs } });
  const client = new HostedLinkClient({ temporal, environment: 'sandbox' });
  return {
    name: `ours without its ${without}`,
    workerPids: [worker.pid],
    start: async (linkToken) => (await client.start({ linkToken }, { timeoutMs: START_TIMEOUT_MS })).key,
    hint: (key) => client.checkNow(key),
    ended: (key) => client.waitForEnd(key),
  };
}
