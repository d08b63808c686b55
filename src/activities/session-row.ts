import type { PlaidFlow } from '../domain/plaid-flow';
import type { SessionState } from '../domain/states';
import { plaidSessionHash, userHash } from '../secrets/digest';
import { activeTraceparent } from '../telemetry/span';
import type { Vault } from '../vault/vault';
import { VaultError } from '../vault/vault-error';
import type { ActivityDeps } from './deps';

/** The input of {@link claimRow}. */
export interface ClaimInput {
  key: string;
  plaidFlow: PlaidFlow;
  firstRunId: string;
  requestDigest: string;
  /** Plaid's session id when it is known already; only its hash is stored. */
  plaidSessionId: string | undefined;
  /** The caller's id of the person; only its hash is stored. */
  userId?: string | undefined;
  /** Where the session's trace begins. */
  traceparent?: string | undefined;
}

/** The result of {@link claimRow}. */
export interface Claimed {
  /** The last known state of an earlier session with this key, if there is one. */
  endedBefore: SessionState | undefined;
  /** Hash of the given `plaidSessionId`. */
  plaidSessionHash?: string | undefined;
  /** Where the session's trace begins: in this activity, if the session was started without a trace and this worker traces. */
  traceparent?: string | undefined;
}

/**
 * Inserts the session's row, or adds the values that are new to it.
 *
 * @throws VaultError KEY_REUSED when the key belongs to another request
 */
export async function claimRow(
  vault: Pick<Vault, 'sessions'>,
  { plaidSessionId, ...input }: ClaimInput,
): Promise<Claimed> {
  const hash = plaidSessionId === undefined ? undefined : plaidSessionHash(plaidSessionId);
  const { row, claimedBefore } = await vault.sessions.claim({
    key: input.key,
    plaidFlow: input.plaidFlow,
    firstRunId: input.firstRunId,
    requestDigest: input.requestDigest,
    plaidSessionHash: hash,
    traceparent: input.traceparent ?? activeTraceparent(),
    userHash: input.userId === undefined ? undefined : userHash(input.userId),
  });
  return {
    endedBefore: claimedBefore ? row.state : undefined,
    plaidSessionHash: hash,
    traceparent: row.traceparent,
  };
}

/** Makes the activities on a session's row in the vault. They are safe to retry. */
export function sessionRowActivities({ vault }: ActivityDeps) {
  return {
    /**
     * Claims the row, see {@link claimRow}.
     *
     * @throws VAULT/KEY_REUSED when the key belongs to another request
     */
    async claimSession(input: ClaimInput): Promise<Claimed> {
      return await claimRow(vault, input);
    },

    /**
     * Records the session's end state. Does nothing if the session has no row, or if the row belongs to an earlier workflow.
     */
    async endSession(key: string, state: SessionState, firstRunId: string): Promise<void> {
      try {
        await vault.sessions.end(key, state, firstRunId);
      } catch (error) {
        if (!(error instanceof VaultError && error.code === 'SESSION_UNKNOWN')) throw error;
      }
    },
  };
}
