import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowBundleOption } from '@temporalio/worker';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/** The workflows and the interceptors that go with them, as the SDK's bundler wants them. */
export const WORKFLOW_SOURCE = {
  workflowsPath: require.resolve('../workflows'),
  workflowInterceptorModules: [
    require.resolve('../workflows/unreadable-signals'),
    require.resolve('../workflows/summaries'),
    require.resolve('../workflows/trace'),
  ],
};

/** The bundle that `npm run build` made in dist, or else the sources to bundle now. */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  const codePath = join(__dirname, '../workflow-bundle.js');
  return existsSync(codePath)
    ? { codePath }
    : await bundleWorkflowCode({ ...WORKFLOW_SOURCE, logger: new DefaultLogger('WARN') });
}
