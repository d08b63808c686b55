import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { Command } from 'commander';
import { exchangeWorkflowId, sessionWorkflowId } from '../../src/domain/ids';
import type { Closers } from '../../testing/closers';
import { runInterruptible } from '../../testing/interrupts';
import type { LeakSource } from '../../testing/leak-scan';
import { filesUnder, searchForLeaks, secretsOf } from '../../testing/leak-search';
import { collectHistories } from '../../testing/workflow-histories';
import { checkParts } from './checks';
import { checkLines, stayLines, verdictLines } from './report';
import { review, webhookProblems } from './review';
import { play, type Play } from './sessions';
import { startTopology, type Topology } from './topology';

async function main(): Promise<void> {
  const { stay } = new Command('topology')
    .description('run what docker-compose.yml describes as plain processes, and take sessions through it')
    .option('--stay', 'keep all of it up until Ctrl-C, and tell where it is', false)
    .parse()
    .opts<{ stay: boolean }>();
  const output: string[] = [];
  const log = (line: string) => {
    output.push(line);
    process.stdout.write(`${line}\n`);
  };
  await runInterruptible({ name: 'run', log }, (closers, interrupted) =>
    runTopology(closers, stay, interrupted, log, output),
  );
}

/** Runs all of it, and tells whether all was as it should be. */
async function runTopology(
  closers: Closers,
  stay: boolean,
  signal: AbortSignal,
  log: (line: string) => void,
  output: readonly string[],
): Promise<boolean> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hl-topology-'));
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  const topology = await startTopology(dataDir, closers, log);
  const played = await play(topology, signal, log);
  const verdicts = await review(topology, played);
  const checks = await checkParts(topology, played, signal);
  const lost = webhookProblems(topology.sandbox.ledger().toJSON());
  log('');
  verdictLines(verdicts).forEach(log);
  log('');
  checkLines(checks).forEach(log);
  lost.forEach((problem) => log(`BAD ${problem}`));
  if (stay) {
    stayLines(topology).forEach(log);
    await once(signal, 'abort');
    return true;
  }
  const leaks = await leakScan(topology, dataDir, played, output.join('\n'));
  log('');
  log(`Leak scan: ${leaks.summary}. ${leaks.problems.length === 0 ? 'It found none.' : 'It FAILED:'}`);
  leaks.problems.forEach((problem) => log(`  ${problem}`));
  return (
    verdicts.every(({ problems }) => problems.length === 0) &&
    checks.every(({ problem }) => !problem) &&
    lost.length === 0 &&
    leaks.problems.length === 0
  );
}

/** Searches all histories, both databases, the logs and this run's output for every secret of the run. */
async function leakScan(topology: Topology, dataDir: string, { sessions }: Play, output: string) {
  const histories: LeakSource[] = [{ name: 'the output of this run', bytes: Buffer.from(output) }];
  for await (const source of collectHistories(topology.temporal)) histories.push(source);
  await topology.settle();
  const { databaseFolders, passwords, keyRings, sandbox } = topology;
  const workflowIds = sessions.flatMap(({ key }) => [sessionWorkflowId(key), exchangeWorkflowId(key)]);
  const files = await Promise.all([
    filesUnder(dataDir, ['temporal']),
    ...Object.values(databaseFolders).map((folder) => filesUnder(folder, ['password'])),
  ]);
  return await searchForLeaks({
    secrets: { ...secretsOf(sandbox.ledger().toJSON(), keyRings), 'database passwords': passwords },
    histories,
    files: files.flat(),
    controls: [
      ...workflowIds.map((id) => ({ text: id, source: `history of ${id} (` })),
      ...workflowIds.map((id) => ({ text: id, source: databaseFolders.temporal + sep })),
      ...sessions.map(({ key }) => ({ text: key, source: databaseFolders.vault + sep })),
    ],
  });
}

void main();
