import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { LedgerJson } from '../src/sandbox';
import { processesWith } from './support/processes';
import { until } from './support/until';
import { describeWithDevServer, devServer } from './support/temporal';

const ROOT = join(__dirname, '..');

/** The demo has 90 s; this machine may be busy with other tests. */
const DEMO_TIMEOUT_MS = 240_000;

/** In the environment of the demo and of all that it starts, by which what is left of it can be found. */
const MARK = `HOSTED_LINK_DEMO_TEST_${randomUUID().replaceAll('-', '')}`;

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'hl-test-'))));
afterEach(async () => await rm(folder, { recursive: true }));

interface Run {
  pid: number;
  output: () => string;
  ended: Promise<number | null>;
}

const running = new Set<Run>();
afterEach(() => {
  // The watchdogs of its children end them.
  for (const { pid } of running) process.kill(pid, 'SIGKILL');
});

/** Starts the demo without a terminal, on a server of its own unless the environment names one. */
function startDemo(args: string[], env: NodeJS.ProcessEnv = {}): Run {
  const { TEMPORAL_ADDRESS: _, ...inherited } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'dev/demo/main.ts'), ...args], {
    cwd: ROOT,
    env: { ...inherited, ...env, [MARK]: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const run: Run = {
    pid: child.pid!,
    output: () => output,
    ended: once(child, 'close').then(([code]) => {
      running.delete(run);
      return code as number | null;
    }),
  };
  running.add(run);
  return run;
}

async function readLedger(): Promise<LedgerJson> {
  return JSON.parse(await readFile(join(folder, 'data/ledger.json'), 'utf8')) as LedgerJson;
}

describeWithDevServer('the demo without a terminal', () => {
  it(
    'plays every session to its expected end, finds no leak, and leaves its files and no process behind',
    async () => {
      const demo = startDemo(['--exit', '--data-dir', join(folder, 'data')]);
      const code = await demo.ended;
      const output = demo.output();
      // With all that it said, when it failed.
      expect(code === 0 ? '' : output).toBe('');
      expect(output).toContain('It found none.');
      await until('all that it started has ended', async () => (await processesWith(MARK)).length === 0);

      for (const name of ['temporal.db', 'vault/database', 'worker.log'])
        expect(existsSync(join(folder, 'data', name))).toBe(true);
      const ledger = await readLedger();
      expect(ledger.publicTokens.map(({ exchanges }) => exchanges)).toEqual([{ succeeded: 1, refused: 0 }]);
      expect(ledger.sessions.map(({ status }) => status).sort()).toEqual([
        'COMPLETED',
        'COMPLETED',
        'COMPLETED',
        'COMPLETED',
        'COMPLETED',
        'EXPIRED',
      ]);
      // Of the five that were finished, one had been cancelled.
      expect(ledger.items.filter(({ live }) => live)).toHaveLength(4);
      expect(ledger.items.filter(({ live }) => !live)).toHaveLength(1);
      for (const { itemId, institutionName, live } of ledger.items)
        expect(output.includes(`  ${itemId}  ${institutionName}`)).toBe(live);
      for (const [kind, values] of Object.entries(ledger.secrets)) {
        expect([kind, values]).not.toEqual([kind, []]);
        for (const value of values) expect(output).not.toContain(value);
      }
    },
    DEMO_TIMEOUT_MS,
  );

  describe('on a server that was there before', () => {
    const server = devServer();

    it(
      'is interrupted in the middle and leaves no process, no file, and no session under way',
      async () => {
        const env = { TEMPORAL_ADDRESS: server.address, TMPDIR: folder };
        const demo = startDemo(['--exit'], env);
        await Promise.race([
          demo.ended,
          until('the sessions are under way', () => demo.output().includes('WAITING'), 90_000),
        ]);
        process.kill(demo.pid, 'SIGINT');

        expect({ code: await demo.ended, output: demo.output() }).toEqual({
          code: 130,
          output: expect.stringContaining('Stopping all that was started'),
        });
        await until('all that it started has ended', async () => (await processesWith(MARK)).length === 0);
        expect((await readdir(folder)).filter((name) => name.startsWith('hl-demo-'))).toEqual([]);
        const { workflow } = new Client({ connection: server.connection });
        await until('the sessions are seen to be terminated', async () => {
          const { count } = await workflow.count("ExecutionStatus = 'Running'");
          return count === 0;
        });
        expect((await workflow.count("ExecutionStatus = 'Terminated'")).count).toBeGreaterThan(0);
      },
      DEMO_TIMEOUT_MS,
    );
  });

  it('refuses a folder that holds anything, by name, before anything is started', async () => {
    const demo = startDemo(['--exit', '--data-dir', ROOT]);
    expect(await demo.ended).toBe(1);
    expect(demo.output()).toContain(`--data-dir: ${ROOT} is not empty; name an empty or a new folder`);
    expect(demo.output()).not.toContain('Starting');
  });
});
