/**
 * For application services: starts sessions and follows them. Needs a Temporal server and the codec's keys; neither Plaid's
 * keys nor the vault's.
 *
 * @module
 */
export {
  HostedLinkClient,
  HostedLinkError,
  NEXT_STEPS,
  REMOVE_TIMEOUT_MS,
  START_TIMEOUT_MS,
} from '../client';
export type {
  CallbackReport,
  Guidance,
  HostedLinkClientOptions,
  ResultReport,
  SessionFilter,
  SessionSummary,
  NextStep,
  StartedSession,
  StartRequest,
  StatusReport,
  WaitOptions,
  WatchReport,
} from '../client';
export type { CallbackSettings } from '../callbacks/sender';
export { HostedLinkCodecPlugin } from '../codec/codec-plugin';
export { clientSpans } from '../temporal/client-spans';
export { CodecError, createPayloadCodec } from '../codec/payload-codec';
export { readSettings } from '../config/settings';
export type { Settings } from '../config/settings';
export { InputError } from '../domain/input-error';
export { parseKeyRing } from '../secrets/key-ring';
export type { KeyRing } from '../secrets/key-ring';
export { loadCodecRing } from '../config/load-keys';
export type { Capability } from '../config/required';
export { PLAID_ENVIRONMENTS } from '../domain/link-token';
export { PLAID_FLOWS } from '../domain/plaid-flow';
export { CALLBACK_STATES, RESULT_STATES, SESSION_STATES } from '../domain/states';
export type { PlaidEnvironment } from '../domain/link-token';
export type { DeliveryMethod, PlaidFlow } from '../domain/plaid-flow';
export type { Delivery } from '../domain/start-request';
export type { CallbackState, ResultState, SessionState } from '../domain/states';
export type { DeliveryFailure, Health, ItemUpdateResult, PlaidErrorView } from '../domain/views';
export type { ListenAddress } from '../http/listen-address';
export type { StartRules } from '../requests/start-request';
export type { VaultRecords } from '../vault/vault';
export type { Notice } from '../workflows/messages';
