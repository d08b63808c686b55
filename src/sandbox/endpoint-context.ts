import type { ItemWebhooks } from './item-webhooks';
import type { SandboxState } from './state';
import type { SandboxSwitches } from './switches';
import type { WebhookKeys } from './webhook-keys';

/** What the endpoints need to know. */
export interface EndpointContext {
  state: SandboxState;
  webhookKeys: WebhookKeys;
  itemWebhooks: ItemWebhooks;
  hostedUrl(sessionId: string): string;
  switches: Readonly<SandboxSwitches>;
  linkTokenLifetimeMs: number | undefined;
}

/** The JSON of a request or of an answer. */
export type Body = Record<string, unknown>;

/** Does an endpoint's work and gives its answer without `request_id`. Throws ApiError where Plaid would refuse. */
export type Endpoint = (context: EndpointContext, body: Body) => Body;
