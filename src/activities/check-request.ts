import { ApplicationFailure } from '@temporalio/common';
import { InputError } from '../domain/input-error';
import type { CheckedRequest } from '../domain/start-request';
import { sessionInput, type StartRequest } from '../requests/start-request';
import type { ActivityDeps } from './deps';

export type { StartRequest } from '../requests/start-request';

/** The activity that checks a request for a session that was started with one. */
export function checkRequestActivities({ environment, notifyPrefixes, userAttribute }: ActivityDeps) {
  return {
    /**
     * Returns the input of the session that was requested.
     *
     * @throws INVALID_INPUT, not retryable; its message names the field and not the value
     */
    async checkRequest(request: StartRequest): Promise<CheckedRequest> {
      try {
        return sessionInput(request, { environment, notifyPrefixes, userAttribute });
      } catch (error) {
        if (error instanceof InputError) throw ApplicationFailure.nonRetryable(error.message, error.code);
        throw error;
      }
    },
  };
}
