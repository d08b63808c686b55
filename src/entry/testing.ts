/**
 * For the tests of applications: an offline Plaid with real HTTP, a hosted page, signed webhooks and faults.
 *
 * @module
 */
export { DEFAULT_CLIENT_ID, DEFAULT_SECRET, startSandbox } from '../sandbox';
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
} from '../sandbox';
export type { LedgerSecrets } from '../sandbox/ledger';
export type { ErrorName, LinkSessionShape, TokenShape } from '../sandbox/records';
