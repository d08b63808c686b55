import type { ConnectionLike } from '@temporalio/client';
import { isGrpcServiceError } from '@temporalio/client';
import type { Logger } from '../../telemetry/logger';
import type { QueueLimit, RateTimes } from './adaptive-rate';
import { lowerLimit, raiseLimit } from './adaptive-rate';
import type { StoredLimit } from './task-queue-limit';
import { readLimit, writeLimit } from './task-queue-limit';

/** gRPC codes PERMISSION_DENIED and UNIMPLEMENTED: the server does not let us change the configuration of a queue. */
const REFUSALS: readonly number[] = [7, 12];

/** Which task queue, on which server. */
export interface ControlledQueue {
  connection: ConnectionLike;
  namespace: string;
  taskQueue: string;
  /** The identity that the server records for a change. */
  identity: string;
  /** The most that the queue may do, in tasks a second, over all workers. */
  setting: number;
}

/** The intervals of a {@link RateController}; tests shorten them. */
export interface ControllerTiming extends RateTimes {
  /** How often it reads the limit, in milliseconds. */
  pollEveryMs: number;
}

/**
 * Adapts the rate of one task queue to Plaid's 429s. The limit is stored in the queue's configuration on the Temporal server, so
 * it applies to all workers at once and outlives them. Every worker reads it, and any of them may change it; two workers that act
 * at once write the same value. A change by another worker is dated by when this one saw it, since clocks differ. A limit that
 * an operator set is never changed.
 */
export class RateController {
  /** The newest limit that this worker has seen, and since when. */
  #known: { limit: StoredLimit; sinceMs: number } | undefined;
  #lastRateLimitMs = -Infinity;
  /** Reads and changes, one at a time. */
  #work: Promise<void> = Promise.resolve();
  #lowering = false;
  #failing = false;
  #refused = false;
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly queue: ControlledQueue,
    private readonly times: ControllerTiming,
    private readonly logger: Logger,
  ) {
    this.#timer = setInterval(() => this.#next(() => this.#poll()), times.pollEveryMs);
    this.#timer.unref();
    this.#next(() => this.#poll());
  }

  /** Call this when a task of the queue received a 429. Returns at once. */
  rateLimited(): void {
    this.#lastRateLimitMs = performance.now();
    if (this.#refused || this.#lowering) return;
    if (this.#known && this.#wouldLower(this.#known.limit) === undefined) return;
    this.#lowering = true;
    this.#next(() => this.#lower().finally(() => (this.#lowering = false)));
  }

  /** Stops the controller; resolves when no change is in progress. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#work;
  }

  async #poll(): Promise<void> {
    const limit = await this.#read();
    if (!limit.ours) return;
    const { setting } = this.queue;
    const quietMs = performance.now() - this.#lastRateLimitMs;
    const next = raiseLimit(this.#aged(limit), quietMs, setting, this.times);
    if (next === undefined) return;
    // At the setting, remove our limit from the server, so that a worker's new setting applies.
    await this.#write(next === setting ? undefined : next, 'raised after a while without a 429 of Plaid');
  }

  async #lower(): Promise<void> {
    const next = this.#wouldLower(await this.#read());
    if (next !== undefined) await this.#write(next, LOWERED);
  }

  #wouldLower(limit: StoredLimit): number | undefined {
    return limit.ours ? lowerLimit(this.#aged(limit), this.queue.setting, this.times) : undefined;
  }

  #aged({ perSecond, reason }: StoredLimit): QueueLimit {
    const sinceMs = this.#known?.sinceMs ?? performance.now();
    return { perSecond, lowered: reason === LOWERED, unchangedMs: performance.now() - sinceMs };
  }

  async #read(): Promise<StoredLimit> {
    const { connection, namespace, taskQueue } = this.queue;
    return this.#note(await readLimit(connection, namespace, taskQueue));
  }

  async #write(perSecond: number | undefined, reason: string): Promise<void> {
    this.#note(await writeLimit(this.queue.connection, this.queue, perSecond, reason));
  }

  /** Remembers the limit that the server returned, logs any change and returns the newest limit. */
  #note(limit: StoredLimit): StoredLimit {
    const before = this.#known?.limit;
    if (before && (limit.changedAtMs < before.changedAtMs || isSame(limit, before))) return before;
    this.#known = { limit, sinceMs: performance.now() };
    if (before?.perSecond === limit.perSecond) return limit;
    const { taskQueue, setting } = this.queue;
    const { perSecond, reason, ours } = limit;
    const level = reason === LOWERED ? 'warn' : 'info';
    this.logger[level]({ taskQueue, perSecond: perSecond ?? setting, setting, reason, ours }, CHANGED);
    return limit;
  }

  /** Queues work up. A failure is logged once, and again after a success: sessions back off by themselves meanwhile. */
  #next(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).then(
      () => void (this.#failing = false),
      (error: unknown) => this.#failed(error),
    );
  }

  #failed(error: unknown): void {
    if (this.#failing) return;
    this.#failing = true;
    const { taskQueue } = this.queue;
    this.#refused = isGrpcServiceError(error) && REFUSALS.includes(error.code);
    if (this.#refused) clearInterval(this.#timer);
    this.logger.warn(
      { taskQueue, error },
      this.#refused
        ? 'cannot lower the rate of a task queue after 429s from Plaid: the Temporal server refuses to change it'
        : 'cannot read or change the rate of a task queue; trying again',
    );
  }
}

/** Compares the rates too: the server's time of change does not advance while its clock is set back. */
function isSame(one: StoredLimit, other: StoredLimit): boolean {
  return one.changedAtMs === other.changedAtMs && one.perSecond === other.perSecond;
}

const LOWERED = 'lowered after a 429 of Plaid';
const CHANGED = 'the rate of a task queue has changed';
