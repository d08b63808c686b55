import { Connection } from '@temporalio/client';
import type { Settings } from '../../config/settings';
import { InputError, separateInputErrors } from '../../domain/input-error';
import { loadTemporalConnection, type TemporalConnection } from '../../temporal/connection';
import { checkPlaidClock } from './clock';
import { checkCurrentVersion } from './current-version';
import { checkDatabase } from './database';
import { checkEncryptionInTransit } from './encryption-in-transit';
import { ok, problem, type Finding } from './finding';
import { checkReceivers } from './receivers';
import { checkKeyRings } from './keys';
import { checkNamespace } from './namespace';
import { checkPlaid } from './plaid';
import { refusal } from './refusal';
import { checkTaskQueues } from './task-queues';
import { checkTemporal } from './temporal';

export type { Finding } from './finding';

/**
 * Checks everything that a worker with these settings depends on, and changes nothing: it makes no key, row, search attribute or
 * session, and sends no message. A check that depends on one that failed is left out.
 *
 * @param settings what `readSettings` gave, or what it threw
 */
export async function runChecks(settings: Settings | InputError): Promise<Finding[]> {
  if (settings instanceof InputError) return settingsFindings(settings);
  const [temporal, vault, plaid] = await Promise.all([
    checkServer(settings),
    checked('keys', () => checkVault(settings)),
    Promise.all([
      checked('Plaid credentials', () => checkPlaid(settings)),
      checkPlaidClock(settings),
      checkReceivers(settings),
    ]),
  ]);
  return [
    ok('settings', 'well-formed'),
    ...temporal.findings,
    ...vault,
    ...plaid.flat(),
    ...(await checked('TLS', async () => checkEncryptionInTransit(settings, temporal.settings))),
  ];
}

/** Makes a finding of each wrong setting. */
function settingsFindings(error: InputError): Finding[] {
  return separateInputErrors(error).map(({ field, problem: what, remedy }) =>
    problem('settings', `${field}: ${what}`, remedy),
  );
}

interface TemporalFindings {
  findings: Finding[];
  /** Undefined when its settings are wrong. */
  settings: TemporalConnection | undefined;
}

async function checkServer({ databaseUrl }: Settings): Promise<TemporalFindings> {
  let settings: TemporalConnection;
  try {
    settings = loadTemporalConnection();
  } catch (error) {
    return { findings: [refusal('Temporal', error)], settings: undefined };
  }
  const { connectionOptions, namespace } = settings;
  const { address } = connectionOptions;
  let connection: Connection;
  try {
    connection = await Connection.connect(connectionOptions);
  } catch {
    const remedy = 'start one there, or set TEMPORAL_ADDRESS; check its TLS settings and API key too';
    return { findings: [problem('Temporal', `no server answers at ${address}`, remedy)], settings };
  }
  try {
    const findings = await connection.withDeadline(Date.now() + ANSWER_MS, async () => [
      ...(await checked('Temporal', () => checkTemporal(connection, address))),
      ...(await checkNamespace(connection, namespace, { madeByWorker: databaseUrl === undefined })),
      ...(await checked('task queues', () => checkTaskQueues(connection, namespace))),
      ...(await checked('worker version', () => checkCurrentVersion(connection, namespace))),
    ]);
    return { findings, settings };
  } finally {
    await connection.close();
  }
}

/** How long the Temporal server may take for all of its answers, in milliseconds. */
const ANSWER_MS = 20_000;

async function checkVault(settings: Settings): Promise<Finding[]> {
  const { findings, vaultKeys } = await checkKeyRings(settings);
  return [...findings, ...(await checkDatabase(settings, vaultKeys))];
}

/** One check that fails must not keep the others from being made. */
async function checked(check: string, run: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await run();
  } catch (error) {
    return [refusal(check, error)];
  }
}
