import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { HostedLinkClient } from '../client';
import { createPayloadCodec } from '../codec/payload-codec';
import type { Settings } from '../config/settings';
import { readSettingsFor } from '../config/settings';
import { InputError } from '../domain/input-error';
import { loadCodecRing } from '../config/load-keys';
import { openRecordsFromSettings } from '../config/open-vault';
import { createLogger } from '../telemetry/logger';
import { loadTemporalConnection } from '../temporal/connection';
import { clientSpans } from '../temporal/client-spans';
import { startTracing } from '../telemetry/tracing';
import type { VaultRecords } from '../vault';
import { withProgress } from './progress';

/**
 * Runs a command with a client made from the settings. With `vault`, the client has the vault's records where there
 * are any; without, `status` tells what Temporal knows.
 *
 * @throws InputError naming a wrong setting, or TEMPORAL_ADDRESS when no server answers there
 */
export async function withClient(
  { vault: wantsVault }: { vault: boolean },
  use: (client: HostedLinkClient, temporal: Client) => Promise<void>,
): Promise<void> {
  const settings = readSettingsFor('codecKeys');
  const codec = createPayloadCodec(await loadCodecRing(settings));
  const tracing = await startTracing(settings.traces, createLogger({ level: settings.logLevel }));
  let connection: Connection | undefined;
  let vault: VaultRecords | undefined;
  try {
    connection = await connectTemporal();
    vault = wantsVault && hasVault(settings) ? await openRecordsFromSettings(settings) : undefined;
    const { namespace } = loadTemporalConnection();
    const temporal = new Client({
      connection,
      namespace,
      dataConverter: { payloadCodecs: [codec] },
      interceptors: { workflow: [clientSpans] },
    });
    const { environment, notifyPrefixes, userAttribute } = settings;
    await use(
      new HostedLinkClient({ temporal, vault, environment, notifyPrefixes, userAttribute }),
      temporal,
    );
  } finally {
    await vault?.close();
    await connection?.close();
    await tracing.shutdown();
  }
}

/** @throws InputError naming TEMPORAL_ADDRESS */
export async function connectTemporal(): Promise<Connection> {
  const { connectionOptions } = loadTemporalConnection();
  try {
    return await withProgress(`connecting to Temporal at ${connectionOptions.address}`, () =>
      Connection.connect(connectionOptions),
    );
  } catch {
    throw new InputError(
      'TEMPORAL_ADDRESS',
      `no Temporal server answers at ${connectionOptions.address}`,
      'start one there, or set it',
    );
  }
}

/** A database, or an embedded one that a worker has made. */
export function hasVault({ databaseUrl, dataDir, environment }: Settings): boolean {
  return databaseUrl !== undefined || (environment !== 'production' && existsSync(join(dataDir, 'vault')));
}
