/*
 * The child process of sdk-download.ts: lets the SDK download a server program into a folder, starts it once and stops it.
 */
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';

async function download(program: string | undefined, downloadDir: string): Promise<void> {
  // All modules are loaded: the time without a byte, which sdk-download.ts limits, begins here.
  process.stdout.write('downloading\n');
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const server = { executable: { type: 'cached-download' as const, downloadDir, ttl: '10 years' } };
  const environment =
    program === 'dev-server'
      ? await TestWorkflowEnvironment.createLocal({ server })
      : await TestWorkflowEnvironment.createTimeSkipping({ server });
  await environment.teardown();
}

download(process.argv[2], process.argv[3]!).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
