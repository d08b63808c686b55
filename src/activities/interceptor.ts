import type { Context } from '@temporalio/activity';
import { CompleteAsyncError } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { randomUUID } from 'node:crypto';
import { sessionKeyBehind } from '../domain/ids';
import { PlaidError } from '../plaid/errors';
import type { Logger } from '../telemetry/logger';
import { type Metrics, NO_METRICS } from '../telemetry/metrics';
import { VaultError } from '../vault/vault-error';
import { plaidFailure, vaultFailure } from './failures';

/**
 * Keeps secrets in errors out of history, which holds a failure's message, type and causes unencrypted. Only hosted-link's own
 * failures pass. Any other error goes to the log, and history gets a fixed message with the id of the log entry.
 */
export class FailureGate implements ActivityInboundCallsInterceptor {
  constructor(
    private readonly context: Context,
    private readonly logger: Logger,
    private readonly metrics: Metrics = NO_METRICS,
  ) {}

  async execute(
    input: ActivityExecuteInput,
    next: Next<ActivityInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    try {
      return await next(input);
    } catch (error) {
      throw this.toFailure(error);
    }
  }

  private toFailure(error: unknown): unknown {
    if (error instanceof PlaidError) return plaidFailure(error, this.context.info.attempt);
    if (error instanceof VaultError) {
      this.metrics.vaultFailures({ reason: error.code === 'VAULT_UNREACHABLE' ? 'unreachable' : 'other' });
      return vaultFailure(error);
    }
    if (error instanceof CompleteAsyncError || error instanceof CancelledFailure) return error;
    if (error instanceof ApplicationFailure && error.cause === undefined) return error;
    const { activityType, workflowExecution } = this.context.info;
    const workflowId = workflowExecution?.workflowId;
    const key = workflowId && sessionKeyBehind(workflowId);
    const errorId = randomUUID();
    this.metrics.unexpectedErrors({});
    this.logger.error(
      { errorId, activityType, key, workflowId, err: error },
      'unexpected error in an activity',
    );
    return ApplicationFailure.create({
      type: 'UNEXPECTED_ERROR',
      message: `unexpected error ${errorId}: see the worker's log`,
    });
  }
}
