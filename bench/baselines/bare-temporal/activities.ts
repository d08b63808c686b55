import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { sessionSteps } from '../session-steps';

/** The activities of `bareSession`. */
export function bareActivities(steps: ReturnType<typeof sessionSteps>) {
  return {
    ...steps,

    /** The infrequent polling of Temporal's samples. Nobody is done at once, so that the first attempt asks nothing, as ours. */
    async watch(sessionId: string): Promise<string> {
      const isFirst = Context.current().info.attempt === 1;
      const accessToken = isFirst ? undefined : await steps.get(sessionId);
      if (accessToken !== undefined) return accessToken;
      throw ApplicationFailure.create({ message: 'not yet', category: ApplicationFailureCategory.BENIGN });
    },
  };
}

export type Activities = ReturnType<typeof bareActivities>;
