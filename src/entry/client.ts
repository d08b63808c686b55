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
  ItemReport,
  SessionFilter,
  SessionSummary,
  NextStep,
  StartedSession,
  StartRequest,
  StatusReport,
  WaitOptions,
  WatchReport,
} from '../client';
export type { CallbackSettings } from '../callback/sender';
export { HostedLinkCodecPlugin } from '../codec/codec-plugin';
export { clientSpans } from '../tracing/client-spans';
export type { JwtAccess } from '../codec/access';
export type { AccessSettings } from '../codec/access-settings';
export { CodecError, createPayloadCodec } from '../codec/payload-codec';
export { readSettings } from '../config';
export type { Settings } from '../config';
export { InputError } from '../input-error';
export { parseKeyRing } from '../key-ring';
export type { KeyRing } from '../key-ring';
export { loadCodecRing } from '../keys';
export type { Need } from '../needs';
export { CALLBACK_STATES, LINK_APIS, PLAID_ENVIRONMENTS, RESULT_STATES, SESSION_STATES } from '../session';
export type {
  CallbackState,
  Delivery,
  DeliveryFailure,
  DeliveryMethod,
  Health,
  ItemMending,
  LinkApiName,
  PlaidEnvironment,
  PlaidErrorView,
  ResultState,
  SessionState,
} from '../session';
export type { ListenAddress } from '../setting-schema';
export type { StartRules } from '../start-request';
export type { TraceSettings } from '../tracing/settings';
export type { VaultRecords } from '../vault/vault';
export type { Notice } from '../workflows/messages';
