import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { LedgerJson } from '../../src/sandbox';
import { ROOT } from '../../testing/built';
import { killDevPrograms, startDevProgram, untilNothingIsLeft } from '../../testing/dev-program';
import { until } from '../../testing/until';
import { describeWithDevServer, devServer } from '../../testing/temporal';

/** The demo has 90 s; this machine may be busy with other tests. */
const DEMO_TIMEOUT_MS = 240_000;

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'hl-test-'))));
afterEach(async () => await rm(folder, { recursive: true }));

afterEach(killDevPrograms);

const startDemo = (args: string[], env?: NodeJS.ProcessEnv) =>
  startDevProgram('tools/demo/main.ts', args, env);

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
      await untilNothingIsLeft();

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
        await untilNothingIsLeft();
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
