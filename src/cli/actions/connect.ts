import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { HostedLinkClient } from '../../client';
import { createPayloadCodec } from '../../codec/payload-codec';
import type { Settings } from '../../config/settings';
import { readSettingsFor, readVariables } from '../../config/settings';
import { InputError } from '../../domain/input-error';
import { loadCodecRing } from '../../config/load-keys';
import { openRecordsFromSettings } from '../../config/open-vault';
import { createLogger } from '../../telemetry/logger';
import { loadTemporalConnection } from '../../temporal/connection';
import { clientSpans } from '../../temporal/client-spans';
import { startTracing } from '../../telemetry/tracing';
import type { VaultRecords } from '../../vault';
import { withProgress } from '../progress';

/** What a command needs of its client. */
export interface ClientOptions {
  /** Whether the client reads the vault's records, where there is a vault. Without them, `status` shows what Temporal knows. */
  vault: boolean;
}

export type UseClient = (client: HostedLinkClient, temporal: Client) => Promise<void>;

export type UseRecords = (records: VaultRecords) => Promise<void>;

/** Does the work of `withClient`. @throws InputError naming a wrong setting, or TEMPORAL_ADDRESS when no server answers there */
export async function runWithClient({ vault: wantsVault }: ClientOptions, use: UseClient): Promise<void> {
  const settings = readSettingsFor('codecKeys');
  const codec = createPayloadCodec(await loadCodecRing(settings));
  const tracing = await startTracing(createLogger({ level: settings.logLevel }), readVariables());
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

/** Does the work of `withRecords`. @throws InputError naming a wrong setting, or DATABASE_URL when there is no vault */
export async function runWithRecords(use: UseRecords): Promise<void> {
  const settings = readSettingsFor('database');
  if (!hasVault(settings))
    throw new InputError(
      'DATABASE_URL',
      'there is no vault to read',
      'set it to the database that the worker uses',
    );
  const records = await openRecordsFromSettings(settings);
  try {
    await use(records);
  } finally {
    await records.close();
  }
}

/** Returns true when there is a database, or an embedded one that a worker has made. */
function hasVault({ databaseUrl, dataDir, environment }: Settings): boolean {
  return databaseUrl !== undefined || (environment !== 'production' && existsSync(join(dataDir, 'vault')));
}
