import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from './built';
import { processesWith } from './processes';
import { until } from './until';

/** A program of tools/ that runs. */
export interface DevProgram {
  pid: number;
  /** All that it has written. */
  output: () => string;
  /** With its exit code; null when a signal ended it. */
  ended: Promise<number | null>;
}

/** In the environment of the programs and of all that they start, by which what is left of them can be found. */
const MARK = `HOSTED_LINK_TEST_${randomUUID().replaceAll('-', '')}`;

const running = new Set<DevProgram>();

/** Starts a program without a terminal, on a Temporal server of its own unless `env` names one. */
export function startDevProgram(
  script: string,
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
): DevProgram {
  const { TEMPORAL_ADDRESS: _, ...inherited } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, script), ...args], {
    cwd: ROOT,
    env: { ...inherited, ...env, [MARK]: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const program: DevProgram = {
    pid: child.pid!,
    output: () => output,
    ended: once(child, 'close').then(([code]) => {
      running.delete(program);
      return code as number | null;
    }),
  };
  running.add(program);
  return program;
}

/** Waits until nothing runs any more of what any of the programs has started. */
export async function untilNothingIsLeft(): Promise<void> {
  await until('all that it started has ended', async () => (await processesWith(MARK)).length === 0);
}

/** Ends the programs that still run; the watchdogs of what they started end that. */
export function killDevPrograms(): void {
  for (const { pid } of running) process.kill(pid, 'SIGKILL');
}
