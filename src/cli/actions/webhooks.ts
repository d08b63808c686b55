import { closeAll } from '../../worker/close-all';
import { createPayloadCodec } from '../../codec/payload-codec';
import { readSettingsFor, readVariables, requirePlaid, type Settings } from '../../config/settings';
import {
  type CheckResult,
  type HealthQuestions,
  reachable,
  startHealthServer,
  temporalReachable,
} from '../../worker/health';
import { InputError } from '../../domain/input-error';
import type { ListenAddress } from '../../http/listen-address';
import { loadCodecRing } from '../../config/load-keys';
import { createLogger } from '../../telemetry/logger';
import { callCounter } from '../../plaid/call-metrics';
import { processMetrics } from '../../telemetry/metrics';
import { openRecordsFromSettings } from '../../config/open-vault';
import { createPlaidClient } from '../../plaid/client';
import { startReceiver } from '../../webhook/start-receiver';
import { loadTemporalConnection } from '../../temporal/connection';
import { connectRuntime, installRuntime } from '../../temporal/runtime';
import { startTracing } from '../../telemetry/tracing';
import { isEmbeddedDatabaseRunning, type VaultRecords } from '../../vault';
import { DEFAULT_WEBHOOK_ADDRESS, parseAddress } from '../address-option';
import { printJson, printLines } from '../print';
import { stopSignal } from '../stop-signal';

/** The options of `hosted-link webhooks`. */
export interface WebhooksOptions {
  address?: ListenAddress;
  json?: boolean;
}

/** Receives Plaid's webhooks until SIGINT or SIGTERM. @throws InputError naming a setting */
export async function receiveWebhooks({ address, json }: WebhooksOptions): Promise<void> {
  const settings = readSettingsFor('plaid', 'database', 'codecKeys');
  const { metricsAddress, healthAddress, webhookAddress } = settings;
  const logger = createLogger({ level: settings.logLevel });
  const { connectionOptions, namespace } = loadTemporalConnection();
  const codec = createPayloadCodec(await loadCodecRing(settings));
  const closers: (() => Promise<void>)[] = [];
  try {
    const tracing = await startTracing(logger, readVariables());
    closers.push(() => tracing.shutdown());
    const vault = await openDatabase(settings);
    closers.push(() => vault.close());
    installRuntime(logger, metricsAddress);
    const connection = await connectRuntime(connectionOptions, logger);
    closers.push(() => connection.close());
    const metrics = processMetrics();
    const plaid = createPlaidClient({ ...requirePlaid(settings), onCall: callCounter(metrics) });
    closers.push(() => plaid.close());
    const state: ReceiverState = { now: 'starting' };
    if (healthAddress) {
      const questions = questionsOf(state, () => temporalReachable(connection, namespace), vault);
      const health = await startHealthServer(healthAddress, questions);
      closers.push(() => health.close());
    }
    const receiver = await startReceiver(
      {
        settings,
        plaid,
        vault,
        dataConverter: { payloadCodecs: [codec] },
        connection,
        namespace,
        metrics,
        logger,
      },
      address ?? webhookAddress ?? parseAddress(DEFAULT_WEBHOOK_ADDRESS),
      address === undefined && webhookAddress !== undefined ? 'HOSTED_LINK_WEBHOOK_ADDRESS' : '--address',
    );
    closers.push(() => receiver.close());
    state.now = 'receiving';
    if (json) printJson<'webhooks'>({ url: receiver.url });
    else printLines([`Plaid's webhooks are received on ${receiver.url} until Ctrl-C.`]);
    await stopSignal();
    state.now = 'draining';
  } finally {
    await closeAll(closers);
  }
}

interface ReceiverState {
  now: 'starting' | 'receiving' | 'draining';
}

function questionsOf(
  state: ReceiverState,
  temporal: () => Promise<CheckResult>,
  vault: VaultRecords,
): HealthQuestions {
  return {
    live: { receiver: () => ({ ok: true, found: state.now }) },
    ready: {
      receiver: () => ({ ok: state.now === 'receiving', found: state.now }),
      temporal,
      database: () => reachable(() => vault.ping()),
    },
  };
}

/** @throws InputError naming DATABASE_URL when there is none to look sessions up in */
async function openDatabase(settings: Settings): Promise<VaultRecords> {
  const { databaseUrl, dataDir } = settings;
  // An embedded database belongs to the worker: owned by this command, it would keep a worker from starting.
  if (databaseUrl === undefined && !(await isEmbeddedDatabaseRunning(dataDir))) {
    throw new InputError(
      'DATABASE_URL',
      'not set, and no worker runs with an embedded database',
      'start the worker first, or set it',
    );
  }
  return await openRecordsFromSettings(settings);
}
