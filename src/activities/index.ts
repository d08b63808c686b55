import { hostedLinkFlow } from '../plaid/hosted-link-flow';
import { linkDeliveryFlow } from '../plaid/link-delivery-flow';
import { NO_METRICS } from '../telemetry/metrics';
import { callbackActivities } from './call-back';
import { checkRequestActivities } from './check-request';
import { confirmItemHealthyActivities } from './confirm-item-healthy';
import { createSessionActivities } from './create-session';
import type { ActivityDeps } from './deps';
import { describeItemActivities } from './describe-item';
import { exchangeActivities } from './exchange-result';
import { getSessionActivities } from './get-session';
import { notifyWorkflowActivities } from './notify-workflow';
import { removeItemActivities } from './remove-item';
import { sessionRowActivities } from './session-row';
import { writeTombstoneActivities } from './write-tombstone';

/**
 * Makes all activities, under the names by which workflows call them.
 *
 * @param deps without `metrics`, the activities emit none
 */
export function createActivities(
  deps: Omit<ActivityDeps, 'plaidFlows' | 'metrics'> & Partial<Pick<ActivityDeps, 'metrics'>>,
) {
  const { plaid, environment, now } = deps;
  const all: ActivityDeps = {
    metrics: NO_METRICS,
    ...deps,
    plaidFlows: {
      link_delivery: linkDeliveryFlow(plaid),
      hosted_link: hostedLinkFlow(plaid, environment, now),
    },
  };
  return {
    ...checkRequestActivities(all),
    ...sessionRowActivities(all),
    ...createSessionActivities(all),
    ...getSessionActivities(all),
    ...exchangeActivities(all),
    ...describeItemActivities(all),
    ...removeItemActivities(all),
    ...writeTombstoneActivities(all),
    ...confirmItemHealthyActivities(all),
    ...notifyWorkflowActivities(all),
    ...callbackActivities(all),
  };
}

export type Activities = ReturnType<typeof createActivities>;
