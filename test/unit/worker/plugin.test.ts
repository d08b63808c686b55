import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from '@temporalio/worker';
import { readSettings } from '../../../src/config/settings';
import { createHostedLinkPlugin, type HostedLinkPlugin } from '../../../src/worker/plugin';
import { startSessionWorkers } from '../../../src/worker/session-workers';

jest.mock('../../../src/worker/session-workers');
const startsSessions = jest.mocked(startSessionWorkers);

/** The workers of our task queues, which end as a test says. */
class FakeSessions {
  end!: () => void;
  fail!: (error: Error) => void;
  readonly shutdown = jest.fn(() => this.end());
  readonly stopped = new Promise<void>((resolve, reject) => {
    this.end = resolve;
    this.fail = reject;
  });
  readonly state = () => 'polling' as const;
  readonly pingVault = () => Promise.resolve();
}

/** An application's worker: it runs until it is shut down. */
class FakeHost {
  #stop!: () => void;
  #state = 'INITIALIZED';
  readonly ended = new Promise<void>((resolve) => (this.#stop = resolve));

  run(plugin: HostedLinkPlugin, namespace = 'default'): Promise<void> {
    const worker = {
      connection: {},
      options: { taskQueue: 'application', namespace },
      getState: () => this.#state,
      shutdown: () => this.#stop(),
    };
    return plugin.runWorker(worker as unknown as Worker, async () => {
      this.#state = 'RUNNING';
      await this.ended;
      this.#state = 'STOPPED';
    });
  }

  shutdown(): void {
    this.#stop();
  }
}

describe('a worker with the plugin', () => {
  let plugin: HostedLinkPlugin;
  let sessions: FakeSessions;
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'hl-'));
    const settings = { PLAID_CLIENT_ID: 'id', PLAID_SECRET: 'secret', HOSTED_LINK_DATA_DIR: dataDir };
    plugin = await createHostedLinkPlugin(readSettings(settings));
    startsSessions.mockReset().mockImplementation(async () => (sessions = new FakeSessions()));
  });
  afterEach(async () => await rm(dataDir, { recursive: true }));

  it('ends with the error that ends our workers, and so does each other one', async () => {
    const runs = [new FakeHost().run(plugin), new FakeHost().run(plugin)];
    await startsSessions.mock.results[0]!.value;
    const lost = new Error('the server is lost');
    sessions.fail(lost);
    expect(await Promise.allSettled(runs)).toEqual([
      { status: 'rejected', reason: lost },
      { status: 'rejected', reason: lost },
    ]);
    expect(startsSessions).toHaveBeenCalledTimes(1);
  });

  it('ends with the error that keeps our workers from starting', async () => {
    const refused = new Error('no vault');
    startsSessions.mockRejectedValueOnce(refused);
    await expect(new FakeHost().run(plugin)).rejects.toBe(refused);
  });

  it('waits at its end until our workers have stopped, when it is the last one', async () => {
    const hosts = [new FakeHost(), new FakeHost()];
    const [first, last] = hosts.map((host) => host.run(plugin)) as [Promise<void>, Promise<void>];
    await startsSessions.mock.results[0]!.value;
    sessions.shutdown.mockImplementation(() => undefined);
    hosts[0]!.shutdown();
    await first;
    expect(sessions.shutdown).not.toHaveBeenCalled();

    let ended = false;
    void last.then(() => (ended = true));
    hosts[1]!.shutdown();
    await new Promise(setImmediate);
    expect(sessions.shutdown).toHaveBeenCalledTimes(1);
    expect(ended).toBe(false);
    sessions.end();
    await last;
  });

  it('is refused in another namespace, which harms no other worker', async () => {
    const host = new FakeHost();
    const run = host.run(plugin);
    await expect(new FakeHost().run(plugin, 'elsewhere')).rejects.toMatchObject({ field: 'namespace' });
    expect(sessions.shutdown).not.toHaveBeenCalled();
    host.shutdown();
    await run;
    expect(sessions.shutdown).toHaveBeenCalledTimes(1);
  });
});
