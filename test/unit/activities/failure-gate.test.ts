import { inspect } from 'node:util';
import type { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { FailureGate } from '../../../src/activities/interceptor';
import { createLogger } from '../../../src/telemetry/logger';
import { PlaidApiError, PlaidNoAnswerError } from '../../../src/plaid/errors';
import { VaultError } from '../../../src/vault';

const TOKEN = 'access-sandbox-3f1c9a52-0000-4000-8000-1234567890ab';

/** What leaves the gate when an activity throws `error`, and what the log got. */
async function thrown(error: unknown): Promise<{ failure: unknown; log: string }> {
  let log = '';
  const logger = createLogger({
    level: 'info',
    destination: { write: (line: string) => void (log += line) },
  });
  const context = {
    info: {
      attempt: 1,
      activityType: 'exchangeResult',
      workflowExecution: { workflowId: 'hosted-link/user-42' },
    },
  };
  const gate = new FailureGate(context as unknown as Context, logger);
  const failure = await gate
    .execute({ args: [], headers: {} }, () => Promise.reject(error as Error))
    .catch((left: unknown) => left);
  return { failure, log };
}

describe('the failure gate', () => {
  it('replaces an unexpected error with a fixed message and the id of a log entry', async () => {
    const { failure, log } = await thrown(new Error(`cannot store ${TOKEN}`, { cause: new Error(TOKEN) }));
    expect(failure).toMatchObject({ type: 'UNEXPECTED_ERROR', nonRetryable: false, cause: undefined });
    expect(inspect(failure, { depth: Infinity, showHidden: true })).not.toContain(TOKEN);
    const [, errorId] = /unexpected error ([0-9a-f-]{36})/.exec((failure as Error).message)!;
    expect(JSON.parse(log)).toMatchObject({ errorId, key: 'user-42', workflowId: 'hosted-link/user-42' });
    expect(log).not.toContain(TOKEN);
  });

  it.each([
    ['a string', TOKEN],
    ['nothing', undefined],
    ['an object', { token: TOKEN }],
  ])('replaces %s that was thrown', async (_what, error) => {
    const { failure } = await thrown(error);
    expect(failure).toMatchObject({ type: 'UNEXPECTED_ERROR' });
    expect(inspect(failure, { depth: Infinity })).not.toContain(TOKEN);
  });

  it('replaces a failure of hosted-link’s own that has a cause', async () => {
    const { failure } = await thrown(ApplicationFailure.create({ message: 'ours', cause: new Error(TOKEN) }));
    expect(failure).toMatchObject({ type: 'UNEXPECTED_ERROR', cause: undefined });
  });

  it('passes failures of hosted-link’s own and cancellations on unchanged', async () => {
    const failure = ApplicationFailure.create({ type: 'NOT_YET', message: 'still OPENED' });
    const cancelled = new CancelledFailure('stopped');
    expect((await thrown(failure)).failure).toBe(failure);
    expect((await thrown(cancelled)).failure).toBe(cancelled);
  });

  it('passes Plaid’s errors on by type and code, retryable where a retry can help', async () => {
    const permanent = new PlaidApiError(
      '/link_delivery/get',
      'INVALID_REQUEST',
      'INVALID_FIELD',
      400,
      'request-1',
    );
    expect((await thrown(permanent)).failure).toMatchObject({
      type: 'INVALID_REQUEST/INVALID_FIELD',
      nonRetryable: true,
      details: [{ class: 'permanent', effect: 'NONE', httpStatus: 400, requestId: 'request-1' }],
    });
    const lost = new PlaidNoAnswerError('/item/public_token/exchange', true, 'ECONNRESET');
    expect((await thrown(lost)).failure).toMatchObject({
      type: 'NO_ANSWER/ECONNRESET',
      nonRetryable: false,
      nextRetryDelay: expect.any(Number) as number,
      details: [{ class: 'transient', effect: 'UNKNOWN' }],
    });
    const already = new PlaidApiError(
      '/item/public_token/exchange',
      'OAUTH_ERROR',
      'OAUTH_STATE_ID_ALREADY_PROCESSED',
      208,
      'request-1',
    );
    expect((await thrown(already)).failure).toMatchObject({
      details: [{ class: 'person', effect: 'UNKNOWN', httpStatus: 208 }],
    });
  });

  it('passes the vault’s errors on by code; only a reused key is final', async () => {
    expect((await thrown(new VaultError('KEY_REUSED', 'another request'))).failure).toMatchObject({
      type: 'VAULT/KEY_REUSED',
      nonRetryable: true,
    });
    expect((await thrown(new VaultError('VAULT_UNREACHABLE', 'no answer'))).failure).toMatchObject({
      type: 'VAULT/VAULT_UNREACHABLE',
      nonRetryable: false,
    });
  });
});
