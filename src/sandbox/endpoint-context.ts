import type { LinkSessionShape, TokenShape } from './records';
import type { SandboxState } from './state';
import type { WebhookKeys } from './webhook-keys';

/** What the endpoints need to know. */
export interface EndpointContext {
  state: SandboxState;
  webhookKeys: WebhookKeys;
  hostedUrl(sessionId: string): string;
  tokensOnce: boolean;
  tokenShape: TokenShape;
  linkSessionShape: LinkSessionShape;
  /** True: `/link/token/get` refuses an expired link token. */
  refuseExpired: boolean;
  linkTokenLifetimeMs: number | undefined;
}

/** The JSON of a request or of an answer. */
export type Body = Record<string, unknown>;

/** Does an endpoint's work and gives its answer without `request_id`. Throws ApiError where Plaid would refuse. */
export type Endpoint = (context: EndpointContext, body: Body) => Body;
