import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { WORKFLOW_SOURCE } from '../temporal/bundle';

const ROOT = join(__dirname, '../..');

/** The last step of `npm run build`: bundles the workflows once, so that no worker has to at its start. */
async function main(): Promise<void> {
  const { code } = await bundleWorkflowCode({
    ...WORKFLOW_SOURCE,
    logger: new DefaultLogger('WARN'),
    // Names sources from the root on, and quotes none: the bundle tells nothing of where it was built, and is the same anywhere.
    webpackConfigHook: (config) => ({
      ...config,
      context: ROOT,
      devtool: 'inline-nosources-source-map',
      output: {
        ...config.output,
        devtoolModuleFilenameTemplate: ({ resourcePath }: { resourcePath: string }) =>
          resourcePath.replaceAll(ROOT, '.'),
      },
    }),
  });
  await writeFile(join(__dirname, '../workflow-bundle.js'), code);
}

void main();
