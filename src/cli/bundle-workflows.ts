import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { WORKFLOW_SOURCE } from '../workflow-source';

/** The last step of `npm run build`: bundles the workflows once, so that no worker has to at its start. */
async function main(): Promise<void> {
  const { code } = await bundleWorkflowCode({
    ...WORKFLOW_SOURCE,
    logger: new DefaultLogger('WARN'),
  });
  await writeFile(join(__dirname, '../workflow-bundle.js'), code);
}

void main();
