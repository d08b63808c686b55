/*
 * For the tests of applications, as `hosted-link/testing`: an offline Plaid with real HTTP, a hosted page, signed webhooks and
 * faults. See docs/sandbox.md.
 */
export { DEFAULT_CLIENT_ID, DEFAULT_SECRET, startSandbox } from './sandbox';
export type {
  ConnectionChoice,
  Fault,
  ItemHandle,
  LedgerJson,
  LinkExit,
  LinkTokenOptions,
  PlanOptions,
  Sandbox,
  SandboxEndpoint,
  SandboxLedger,
  SandboxOptions,
  SandboxSwitches,
  SandboxWebhooks,
  SessionHandle,
  Webhook,
  WebhookDelivery,
  WebhookFault,
} from './sandbox';
