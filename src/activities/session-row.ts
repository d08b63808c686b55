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

/** What {@link claimRow} found. */
export interface Claimed {
  endedBefore: SessionState | undefined;
  /** Of the `plaidSessionId` that was given. */
  plaidSessionHash?: string | undefined;
  /** Where the session's trace begins from now on: here, when it was started without one and this worker traces. */
  traceparent?: string | undefined;
}

/**
 * Makes the session's row, or adds to it what has become known. Gives the state of an earlier workflow's session when the row is
 * such a one's, and what stands for Plaid's session id.
 * @throws VaultError KEY_REUSED when the key stands for another request
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

/** Activities on the vault's row of a session. They repeat harmlessly. */
export function sessionRowActivities({ vault }: ActivityDeps) {
  return {
    /**
     * As {@link claimRow}.
     * @throws VAULT/KEY_REUSED when the key stands for another request
     */
    async claimSession(input: ClaimInput): Promise<Claimed> {
      return await claimRow(vault, input);
    },

    /**
     * Records the session's end state. A session that ended before its row was made has none, and that of an earlier workflow
     * stays as it is.
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
