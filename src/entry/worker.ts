/**
 * For worker processes: hosted-link's own worker, or the same as a plugin of a worker that is there already.
 *
 * @module
 */
export { readSettings } from '../config/settings';
export type { Settings } from '../config/settings';
export { InputError } from '../domain/input-error';
export { createLogger } from '../telemetry/logger';
export type { Logger, LoggerOptions } from '../telemetry/logger';
export { PROMETHEUS_OPTIONS } from '../telemetry/metrics';
export { createHostedLinkPlugin } from '../worker/plugin';
export type { HostedLinkPlugin } from '../worker/plugin';
export type { RunningWorker, WorkerState } from '../worker/session-workers';
export { VaultError } from '../vault';
export { startWorker } from '../worker';
