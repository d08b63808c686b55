/**
 * For receivers of callbacks: verifies that one is genuine, and reads it. Needs the callback keys alone, and neither Temporal
 * nor the vault.
 *
 * @module
 */
export { CallbackRefused, DEFAULT_TOLERANCE_SECONDS, verifyCallback } from '../callbacks/verify';
export type {
  CallbackHeaders,
  CallbackRefusal,
  CallbackToVerify,
  VerifiedCallback,
} from '../callbacks/verify';
export { InputError } from '../domain/input-error';
export { PLAID_FLOWS } from '../domain/plaid-flow';
export { SESSION_STATES } from '../domain/states';
export type { PlaidFlow } from '../domain/plaid-flow';
export type { SessionState } from '../domain/states';
export type { CallbackBody, CompletionNotice } from '../domain/views';
