import type { WorkflowClient } from '@temporalio/client';
import { type Metrics, NO_METRICS } from '../telemetry/metrics';
import type { PlaidClient } from '../plaid/plaid';
import type { PlaidEnvironment } from '../domain/link-token';
import type { PlaidFlow } from '../domain/plaid-flow';
import type { UserAttribute } from '../domain/start-request';
import type { Vault } from '../vault/vault';
import { callbackActivities, type CallbackDeps } from './call-back';
import { checkRequestActivities } from './check-request';
import { confirmMendedActivities } from './confirm-item-healthy';
import { createSessionActivities } from './create-session';
import { exchangeActivities } from './exchange-result';
import { getSessionActivities } from './get-session';
import { hostedLinkFlow } from '../plaid/hosted-link-flow';
import type { FlowClient } from '../plaid/flow-client';
import { linkDeliveryFlow } from '../plaid/link-delivery-flow';
import { markForgottenActivities } from './write-tombstone';
import { notifyWorkflowActivities } from './notify-workflow';
import { removeItemActivities } from './remove-item';
import { sessionRowActivities } from './session-row';

/** What the activities work with. */
export interface ActivityDeps {
  plaid: PlaidClient;
  environment: PlaidEnvironment;
  vault: Vault;
  plaidFlows: Record<PlaidFlow, FlowClient>;
  /** Workflow id prefixes that a request may name in `notify`. Default: all but our own. */
  notifyPrefixes?: readonly string[] | undefined;
  /** What stands for the person of such a request in search attributes. Default: a hash. */
  userAttribute?: UserAttribute | undefined;
  /** A client without a payload codec. */
  noticeClient: WorkflowClient;
  /** Undefined in a deployment without callbacks. */
  callbacks?: CallbackDeps | undefined;
  /** Where items' webhooks go once they are stored. Undefined leaves them where the link token pointed. */
  itemWebhookUrl?: string | undefined;
  metrics: Metrics;
  /** The time, in milliseconds since the epoch. Asynchronous for test environments that skip time, whose server has to be asked. */
  now: () => Promise<number>;
}

/**
 * All activities, by the names under which workflows call them.
 * @param deps without `metrics`, they emit none
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
    ...removeItemActivities(all),
    ...markForgottenActivities(all),
    ...confirmMendedActivities(all),
    ...notifyWorkflowActivities(all),
    ...callbackActivities(all),
  };
}

export type Activities = ReturnType<typeof createActivities>;
