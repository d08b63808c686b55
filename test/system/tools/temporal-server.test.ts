import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { freePorts } from '../../../testing/child-server';
import {
  startTemporalServer,
  useOrStartTemporal,
  type TemporalServer,
} from '../../../testing/temporal-server';
import { writeExecutable } from '../../../testing/executable';
import { describeWithDevServer } from '../../../testing/temporal';

const STATE = defineSearchAttributeKey('HostedLinkState', SearchAttributeType.KEYWORD);
const log = () => undefined;
let folder: string;
let server: TemporalServer | undefined;

beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'hosted-link-test-'))));
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await rm(folder, { recursive: true });
});

describeWithDevServer('starting a Temporal server', () => {
  it('gives one that takes workflows with the search attributes asked for, and keeps them in its file', async () => {
    const dbFile = join(folder, 'temporal.db');
    const options = { dbFile, searchAttributes: { HostedLinkState: 'Keyword' } as const, log };
    const start = {
      taskQueue: 'nobody',
      workflowId: 'kept',
      searchAttributes: { HostedLinkState: ['WAITING'] },
    };
    server = await startTemporalServer(options);
    await withClient(server.address, (client) => client.workflow.start('anything', start));
    await server.stop();

    server = await startTemporalServer(options);
    const described = await withClient(server.address, (client) =>
      client.workflow.getHandle('kept').describe(),
    );
    expect(described.status.name).toBe('RUNNING');
    expect(described.typedSearchAttributes.get(STATE)).toBe('WAITING');
  });

  it('gives one whose Web UI knows the codec server', async () => {
    server = await startTemporalServer({ ui: true, codecEndpoint: 'http://127.0.0.1:8081', log });
    const settings = await fetch(`${server.uiAddress}/api/v1/settings`);
    expect(await settings.json()).toMatchObject({ Codec: { Endpoint: 'http://127.0.0.1:8081' } });
  });

  it('takes dynamic configuration', async () => {
    server = await startTemporalServer({ dynamicConfig: { 'limit.maxIDLength': 20 }, log });
    const start = { taskQueue: 'nobody', workflowId: 'longer-than-twenty-characters' };
    const failure = await withClient(server.address, (client) =>
      client.workflow.start('anything', start).catch((error: Error) => error),
    );
    expect(failure).toMatchObject({
      cause: { details: expect.stringMatching(/WorkflowId length exceeds limit/i) },
    });
  });

  it('is gone after stop, which may be called again', async () => {
    server = await startTemporalServer({ log });
    const { pid } = server;
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    expect(isRunning(pid!)).toBe(false);
  });

  it('is gone after its starter was killed', async () => {
    const script = `require('./testing/temporal-server.ts').startTemporalServer({ log() {} }).then(({ pid }) => { console.log(pid); setInterval(() => {}, 1000) })`;
    const starter = spawn(process.execPath, ['--import', 'tsx', '-e', script], {
      cwd: join(__dirname, '../../..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output] = (await once(starter.stdout, 'data')) as [Buffer];
    const pid = Number(output.toString());
    expect(isRunning(pid)).toBe(true);
    starter.kill('SIGKILL');
    await until(() => !isRunning(pid));
  });
});

describe('a Temporal server that does not start', () => {
  it('is told with what it said', async () => {
    const cli = await writeExecutable(join(folder, 'temporal'), 'echo "no such flag" >&2; exit 1');
    await expect(startTemporalServer({ cli, log })).rejects.toThrow(
      'The Temporal server did not start: it ended by itself. It said: no such flag',
    );
  });

  it('is started again, on other ports, when somebody took its port first', async () => {
    const cli = await writeExecutable(
      join(folder, 'temporal'),
      `echo "$6" >> '${folder}/ports'; echo "bind: address already in use" >&2; exit 1`,
    );
    await expect(startTemporalServer({ cli, log })).rejects.toThrow('address already in use');
    const ports = (await readFile(join(folder, 'ports'), 'utf8')).trim().split('\n');
    expect(new Set(ports).size).toBe(5);
  });
});

describe('the server that TEMPORAL_ADDRESS names', () => {
  afterEach(() => delete process.env['TEMPORAL_ADDRESS']);

  describeWithDevServer('when it answers', () => {
    it('is used, and not stopped', async () => {
      const started = await startTemporalServer({ log });
      try {
        process.env['TEMPORAL_ADDRESS'] = started.address;
        const used = await useOrStartTemporal({ log });
        expect(used).toMatchObject({ address: started.address, pid: undefined });
        await used.stop();
        expect(isRunning(started.pid!)).toBe(true);
      } finally {
        await started.stop();
      }
    });
  });

  it('is refused by name when nothing answers there', async () => {
    const [port] = await freePorts(1);
    process.env['TEMPORAL_ADDRESS'] = `127.0.0.1:${port}`;
    await expect(useOrStartTemporal({ log })).rejects.toThrow(
      `TEMPORAL_ADDRESS (127.0.0.1:${port}) does not answer within 5 s`,
    );
  });
});

describe('free ports', () => {
  it('are different, and can be listened on', async () => {
    const ports = await freePorts(20);
    expect(new Set(ports).size).toBe(20);
    const listener = createServer().listen(ports[0], '127.0.0.1');
    await once(listener, 'listening');
    expect((listener.address() as AddressInfo).port).toBe(ports[0]);
    listener.close();
  });
});

async function withClient<T>(address: string, action: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await action(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Jest's time limit ends it when the condition never holds. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(20);
}
