import type { WorkflowClient } from '@temporalio/client';
import type { CallbackSender } from '../callbacks/sender';
import type { PlaidEnvironment } from '../domain/link-token';
import type { PlaidFlow } from '../domain/plaid-flow';
import type { UserAttribute } from '../domain/start-request';
import type { FlowClient } from '../plaid/flow-client';
import type { PlaidClient } from '../plaid/plaid';
import type { Metrics } from '../telemetry/metrics';
import type { Vault } from '../vault/vault';

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

/** What callbacks need, where the deployment has them. */
export interface CallbackDeps {
  sender: CallbackSender;
  /** A client with the payload codec. */
  client: WorkflowClient;
}
