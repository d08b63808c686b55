import { Command } from 'commander';
import { sessionWorkflowId } from '../../src/domain/ids';
import type { Closers } from '../../testing/closers';
import { makeDataDir, type DataDir } from '../../testing/data-dir';
import { runInterruptible } from '../../testing/interrupts';
import { startDemoDeployment, type DemoDeployment } from './deployment';
import { runScenarios } from './run-scenarios';
import { allIsWell, itemLine, leakLines, verdictLines } from './report';
import { historiesOf, reviewSessions, searchRun, workflowIdsOf } from './review';
import { SCENARIOS } from './scenarios';
import { createScreen, type Screen } from './screen';
import { runInteractiveSession } from './interactive-session';

interface Options {
  exit: boolean;
  dataDir?: string;
}

async function main(): Promise<void> {
  const { exit, dataDir: asked } = new Command('demo')
    .description('run sessions that end differently on real Temporal workflows and an offline Plaid')
    .option('--exit', 'end when the sessions have ended; the default without a terminal', false)
    .option('--data-dir <folder>', 'keep the databases, the log and a ledger of all secrets in this folder')
    .parse()
    .opts<Options>();
  const screen = createScreen(process.stdout);
  const log = (line: string) => screen.log(line);
  const settle = () => screen.settle();
  await runInterruptible({ name: 'demo', log, settle }, async (closers, interrupted) => {
    const dataDir = await makeDataDir(asked);
    closers.push(() => dataDir.remove());
    const interactive = process.stdout.isTTY && !exit;
    return await runDemo(dataDir, interactive, screen, closers, interrupted);
  });
}

/** Runs the demo and returns whether everything was as expected. */
async function runDemo(
  dataDir: DataDir,
  interactive: boolean,
  screen: Screen,
  closers: Closers,
  signal: AbortSignal,
): Promise<boolean> {
  const log = (line: string) => screen.log(line);
  log('Starting a Temporal server, the offline Plaid, a codec server and a worker ...');
  const deployment = await startDemoDeployment(dataDir.path, closers, log);
  const { sandbox, client } = deployment;
  const sessions = await runScenarios(SCENARIOS, deployment.keyOf, {
    sandbox,
    client,
    screen,
    signal,
    killAndRestartWorker: async () => {
      await deployment.worker.kill();
      log('The worker was killed. No worker is running; Temporal and the vault keep the state.');
      log(`worker: process ${await deployment.worker.start()}`);
    },
  });
  screen.settle();

  const { verdicts, items } = await reviewSessions(deployment, sessions);
  log('');
  log('How the sessions ended:');
  verdictLines(verdicts).forEach(log);
  log('');
  log('In the vault, each with its encrypted access token:');
  items
    .filter(({ removedAt }) => removedAt === undefined)
    .map(itemLine)
    .forEach(log);
  log('');

  const histories = await historiesOf(deployment, verdicts.flatMap(workflowIdsOf), signal);
  const completed = verdicts.find(({ session }) => session.scenario.end.state === 'COMPLETED');
  const webUi = completed && (await webUiLines(deployment, completed.session.key));
  if (!interactive) {
    // Then all that they wrote is in their files.
    await deployment.worker.stop();
    await deployment.temporalServer.stop();
  }
  const leaks = await searchRun(deployment, dataDir.path, histories, verdicts, items);
  leakLines(leaks).forEach(log);
  if (deployment.databaseFile === undefined)
    log('The database of the server at TEMPORAL_ADDRESS was not searched, since it is not ours.');
  log('');
  if (interactive) webUi?.forEach(log);
  else log('In a terminal, without --exit, the demo stays up with one more session and Web UI.');
  if (dataDir.kept) log(`All files are in ${dataDir.path}.`);
  if (interactive) await runInteractiveSession(deployment, screen, signal);
  return allIsWell(verdicts, leaks);
}

/** Where Web UI is, when it is ours, with a direct link to a session. */
async function webUiLines(
  { temporalServer: server, temporal }: DemoDeployment,
  key: string,
): Promise<string[]> {
  if (server.uiAddress === undefined) return [];
  const { workflowId, runId } = await temporal.workflow.getHandle(sessionWorkflowId(key)).describe();
  const path = ['namespaces', temporal.options.namespace, 'workflows', workflowId, runId, 'history'];
  return [
    `Temporal Web UI: ${server.uiAddress}`,
    `  ${key}: ${server.uiAddress}/${path.map(encodeURIComponent).join('/')}`,
  ];
}

void main();
