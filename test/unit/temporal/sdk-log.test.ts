import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import { finalFailure } from '../../../src/activities/failures';
import { createLogger } from '../../../src/telemetry/logger';
import { PlaidApiError } from '../../../src/plaid/errors';
import { sdkLogger } from '../../../src/temporal/sdk-log';

const plaidError = new PlaidApiError(
  '/link/token/get',
  'API_ERROR',
  'INTERNAL_SERVER_ERROR',
  500,
  'request-7f3a',
);

/** The line that the SDK's warning becomes. */
function lineOf(meta: Record<string, unknown>): Record<string, unknown> {
  let line = '';
  const logger = createLogger({ level: 'info', destination: { write: (text) => (line = text) } });
  sdkLogger(logger).warn('Activity failed', meta);
  return JSON.parse(line) as Record<string, unknown>;
}

describe('a line of the SDK', () => {
  test.each(['hosted-link/user-42', 'token-exchange/user-42', 'callbacks/user-42'])(
    'about %s names session and workflow',
    (workflowId) => {
      expect(lineOf({ workflowId })).toMatchObject({
        level: 'warn',
        msg: 'Activity failed',
        key: 'user-42',
        workflowId,
      });
    },
  );

  test('about another workflow names no session', () => {
    expect(lineOf({ workflowId: 'onboarding/7' })).not.toHaveProperty('key');
  });

  test("about a failure has Plaid's request id, also of a cause", () => {
    const failure = finalFailure(plaidError);
    expect(lineOf({ error: failure })).toMatchObject({ requestId: 'request-7f3a' });
    const ofWorkflow = new ActivityFailure(
      'failed',
      'watchSession',
      '1',
      'MAXIMUM_ATTEMPTS_REACHED',
      'w',
      failure,
    );
    expect(lineOf({ error: ofWorkflow })).toMatchObject({ requestId: 'request-7f3a' });
    expect(lineOf({ error: ApplicationFailure.create({ message: 'other' }) })).not.toHaveProperty(
      'requestId',
    );
  });
});
