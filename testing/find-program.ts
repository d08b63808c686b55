/*
 * Finds or gets the program that its argument names, and prints `{ "path": ... }`, or `{ "reason": ... }` when it cannot be had. Without
 * an argument it does so for all programs, one a line, and fails when one of them cannot be had.
 */
import { findComposeReader } from './compose-go';
import type { ProgramName } from './programs';
import { findPython } from './python';
import type { Log } from './provision';
import { findTemporalCli } from './temporal-server';
import { findTestServer } from './time-skipping-server';

const FIND: Record<ProgramName, (log: Log) => Promise<string>> = {
  'temporal-cli': (log) => findTemporalCli({ log }),
  'time-skipping-server': async (log) => (await findTestServer({ log })).path,
  'python-with-temporal': (log) => findPython({ log }),
  'python-with-linters': (log) => findPython({ log, wanted: 'linters' }),
  'compose-reader': (log) => findComposeReader({ log }),
};

async function find(name: ProgramName): Promise<{ path: string } | { reason: string }> {
  try {
    return { path: await FIND[name]((line) => process.stderr.write(`${line}\n`)) };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

async function main(): Promise<void> {
  const [name] = process.argv.slice(2) as ProgramName[];
  if (name !== undefined) {
    process.stdout.write(JSON.stringify(await find(name)));
    return;
  }
  for (const each of Object.keys(FIND) as ProgramName[]) {
    const found = await find(each);
    process.stdout.write(`${each}: ${'path' in found ? found.path : found.reason}\n`);
    if ('reason' in found) process.exitCode = 1;
  }
}

void main();
