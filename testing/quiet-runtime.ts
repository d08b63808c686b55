import { DefaultLogger, type LogEntry, makeTelemetryFilterString, Runtime } from '@temporalio/worker';

let isQuiet = false;

/**
 * Makes the SDK and its workers log errors only. Has an effect once in a process, before the first worker or connection.
 *
 * @param onError receives the entries of errors. Default: they are printed
 */
export function quietRuntime(onError?: (entry: LogEntry) => void): void {
  if (isQuiet) return;
  isQuiet = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR', onError),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
  });
}
