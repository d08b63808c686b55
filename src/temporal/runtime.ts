import { NativeConnection, Runtime } from '@temporalio/worker';
import { InputError } from '../domain/input-error';
import type { Logger } from '../telemetry/logger';
import { PROMETHEUS_OPTIONS } from '../telemetry/metrics';
import { retryForAWhile } from '../config/wait-for-server';
import { sdkLogger } from './sdk-log';
import { formatListenAddress, type ListenAddress } from '../http/listen-address';
import type { TemporalConnection } from './connection';

/**
 * Lets the SDK log through ours, which redacts, and serve its metrics and ours. The SDK's runtime keeps the process alive until a
 * connection that it has made is closed, so it is installed when nothing but the connection can fail.
 *
 * @param metricsAddress default: metrics are served nowhere
 * @throws InputError naming HOSTED_LINK_METRICS_ADDRESS when it cannot be listened on
 */
export function installRuntime(logger: Logger, metricsAddress?: ListenAddress): void {
  try {
    Runtime.install({
      logger: sdkLogger(logger),
      shutdownSignals: [],
      telemetryOptions: {
        // Else the native side of the SDK prints its messages itself, as text that nobody has redacted.
        logging: { forward: {} },
        ...(metricsAddress && {
          metrics: {
            prometheus: { ...PROMETHEUS_OPTIONS, bindAddress: formatListenAddress(metricsAddress) },
            attachServiceName: false,
          },
        }),
      },
    });
  } catch (error) {
    const [, problem] = /prometheus metrics exporter: (.+)/.exec((error as Error).message) ?? [];
    if (problem === undefined) throw error;
    throw new InputError(
      'HOSTED_LINK_METRICS_ADDRESS',
      `cannot be listened on (${problem})`,
      'stop the other program, or set another address',
    );
  }
}

/** Connects the runtime to Temporal. @throws InputError naming TEMPORAL_ADDRESS, after bounded retries */
export async function connectRuntime(
  connectionOptions: TemporalConnection['connectionOptions'],
  logger: Logger,
): Promise<NativeConnection> {
  const { address } = connectionOptions;
  try {
    return await retryForAWhile(
      () => NativeConnection.connect(connectionOptions),
      (triesLeft) => logger.warn({ address, triesLeft }, 'Temporal cannot be reached yet'),
    );
  } catch {
    throw new InputError(
      'TEMPORAL_ADDRESS',
      `no Temporal server answers at ${address}`,
      'start one there, or set it',
    );
  }
}
