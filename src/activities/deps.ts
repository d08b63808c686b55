import type { WorkflowClient } from '@temporalio/client';
import type { CallbackSender } from '../callbacks/sender';
import type { PlaidEnvironment } from '../domain/link-token';
import type { PlaidFlow } from '../domain/plaid-flow';
import type { UserAttribute } from '../domain/start-request';
import type { FlowClient } from '../plaid/flow-client';
import type { PlaidClient } from '../plaid/plaid';
import type { Metrics } from '../telemetry/metrics';
import type { Vault } from '../vault/vault';

/** The dependencies of the activities. */
export interface ActivityDeps {
  plaid: PlaidClient;
  environment: PlaidEnvironment;
  vault: Vault;
  plaidFlows: Record<PlaidFlow, FlowClient>;
  /** Workflow id prefixes that a request may name in `notify`. Default: all but our own. */
  notifyPrefixes?: readonly string[] | undefined;
  /** How search attributes show the person of such a request. Default: a hash. */
  userAttribute?: UserAttribute | undefined;
  /** A client without a payload codec. */
  noticeClient: WorkflowClient;
  /** Undefined in a deployment without callbacks. */
  callbacks?: CallbackDeps | undefined;
  /** The webhook URL that stored items get. Undefined leaves the one of the link token. */
  itemWebhookUrl?: string | undefined;
  metrics: Metrics;
  /** The time, in milliseconds since the epoch. Asynchronous because a time-skipping test server keeps its own time. */
  now: () => Promise<number>;
}

/** The dependencies of callbacks. */
export interface CallbackDeps {
  sender: CallbackSender;
  /** A client with the payload codec. */
  client: WorkflowClient;
}
