/**
 * For worker processes: hosted-link's own worker, or the same as a plugin of a worker that is there already.
 *
 * @module
 */
export { readSettings } from '../config';
export type { Settings } from '../config';
export { InputError } from '../input-error';
export { createLogger } from '../logger';
export type { Logger, LoggerOptions } from '../logger';
export { PROMETHEUS_OPTIONS } from '../metrics';
export { createHostedLinkPlugin } from '../plugin';
export type { HostedLinkPlugin } from '../plugin';
export type { RunningWorker, WorkerState } from '../session-workers';
export { VaultError } from '../vault';
export { startWorker } from '../worker';
