import { erasedUserHashOf } from '../../domain/ids';
import type { ReconcileContext } from './context';
import type { Discrepancy } from './discrepancy';
import { listWorkflows } from './workflow-records';

/** Holds each forgetting of a person that Temporal keeps against the vault's tombstones. */
export async function* checkTombstones({
  temporal,
  vault,
  fix,
}: ReconcileContext): AsyncGenerator<Discrepancy> {
  for await (const { workflowId, startTime } of listWorkflows(temporal, 'userErasure')) {
    const userHash = erasedUserHashOf(workflowId);
    const forgottenAt = await vault.retention.forgottenAt(userHash);
    if (forgottenAt && forgottenAt >= startTime) continue;
    if (fix) await vault.repairs.restoreTombstone(userHash, startTime);
    yield {
      kind: 'TOMBSTONE_LOST',
      userHash,
      message: `a person was forgotten at ${startTime.toISOString()}, and the vault has lost that`,
      remedy: fix
        ? 'the person is forgotten again: a worker strips what has ended'
        : 'with --fix the tombstone is there again; items of the person are removed, and a worker strips what has ended',
      repaired: fix,
    };
  }
}
