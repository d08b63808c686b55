import { join } from 'node:path';
import { applicationClients } from '../../testing/deployment';
import { generateKeyRingText, parseKeyRing } from '../../src/secrets/key-ring';
import { migrate } from '../../src/vault';
import { forkAndSend } from '../forked';
import { START_TIMEOUT_MS, type SessionContender } from './contender';
import type { BenchInfrastructure } from './infrastructure';
import type { VariantOptions } from './variant-child';

/** Starts this project without its codec, or with a vault that only remembers, to know what that part costs. */
export async function startVariant(
  infrastructure: BenchInfrastructure,
  without: 'codec' | 'vault',
  namespace: string,
): Promise<Omit<SessionContender, 'webhookUrl' | 'terminate' | 'keptAtMs' | 'storedAtMs'>> {
  const databaseUrl = without === 'vault' ? undefined : await infrastructure.postgres.createDatabase();
  if (databaseUrl !== undefined) await migrate(databaseUrl);
  const codecKeys = without === 'codec' ? undefined : generateKeyRingText('codec');
  const { account, connection, temporalServer } = infrastructure;
  const { address } = temporalServer;
  const options: VariantOptions = { address, namespace, account, databaseUrl, codecKeys };
  const worker = await forkAndSend(join(__dirname, 'variant-child.ts'), options);
  infrastructure.closeLater(() => worker.close());
  const codecRing = codecKeys === undefined ? undefined : parseKeyRing(codecKeys, 'codec keys');
  const { client } = applicationClients({ connection, namespace, codecRing });
  return {
    name: `ours without its ${without}`,
    workerPids: [worker.pid],
    start: async (linkToken) => (await client.start({ linkToken }, { timeoutMs: START_TIMEOUT_MS })).key,
    hint: (key) => client.checkNow(key),
    ended: (key) => client.waitForEnd(key),
  };
}
