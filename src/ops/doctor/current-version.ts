import type { Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { TASK_QUEUES } from '../../domain/ids';
import { ok, problem, warning, type Finding } from './finding';

const { TASK_QUEUE_TYPE_WORKFLOW } = temporal.api.enums.v1.TaskQueueType;
const { WORKER_VERSIONING_MODE_VERSIONED } = temporal.api.enums.v1.WorkerVersioningMode;

/** As Temporal's messages have it. */
interface Version {
  deploymentName?: string | null;
  buildId?: string | null;
}

/**
 * Whether a worker polls for the version to which Temporal sends sessions. Without one they wait, although workers poll: that
 * is so until the first version is made current, and when the workers of the current one are gone.
 */
export async function checkCurrentVersion(connection: Connection, namespace: string): Promise<Finding[]> {
  const { pollers, versioningInfo } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: TASK_QUEUES.main },
    taskQueueType: TASK_QUEUE_TYPE_WORKFLOW,
  });
  const current = versioningInfo?.currentDeploymentVersion ?? undefined;
  const polling = pollers.map(({ deploymentOptions }) =>
    deploymentOptions?.workerVersioningMode === WORKER_VERSIONING_MODE_VERSIONED
      ? deploymentOptions
      : undefined,
  );
  if (current === undefined && polling.every((version) => version === undefined)) return [];
  const check = 'worker version';
  if (polling.some((version) => nameOf(version) === nameOf(current))) {
    return [ok(check, `${nameOf(current)} is current, and polls`)];
  }
  const candidate = polling.find((version) => version !== undefined);
  if (!candidate) {
    return [
      warning(
        check,
        `${nameOf(current)} is current, and none of its workers polls`,
        'start them, or workers of a newer version and make that one current',
      ),
    ];
  }
  return [
    problem(
      check,
      `${nameOf(current)} is current, and no worker polls for it: sessions wait`,
      `temporal worker deployment set-current-version --deployment-name ${candidate.deploymentName} --build-id ${candidate.buildId}`,
    ),
  ];
}

function nameOf(version: Version | undefined): string {
  return version ? `${version.deploymentName}.${version.buildId}` : 'no version';
}
