/**
 * For receivers of callbacks: verifies that one is genuine, and reads it. Needs the callback keys alone, and neither Temporal
 * nor the vault.
 *
 * @module
 */
export { CallbackRefused, DEFAULT_TOLERANCE_SECONDS, verifyCallback } from '../callback/verify';
export type {
  CallbackHeaders,
  CallbackRefusal,
  CallbackToVerify,
  VerifiedCallback,
} from '../callback/verify';
export { InputError } from '../input-error';
export { LINK_APIS, SESSION_STATES } from '../session';
export type { CallbackBody, CompletionNotice, LinkApiName, SessionState } from '../session';
