/**
 * For the code of other workflows, in Temporal's sandbox: what sessions tell them.
 *
 * @module
 */
export type { CompletionNotice } from '../session';
