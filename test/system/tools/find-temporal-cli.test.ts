import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { sdkDownload, sdkDownloadPath } from '../../../testing/sdk-download';
import { findTemporalCli } from '../../../testing/temporal-server';
import { writeExecutable } from '../../../testing/executable';
import { describeWithDevServer } from '../../../testing/temporal';
import { programPath } from '../../../testing/programs';

/** Makes the SDK's own download fail at once, as it does without the internet. */
const NO_DOWNLOAD = { HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };
const SYSTEM_PATH = '/usr/bin:/bin';

let folder: string;
let cache: string;
let lines: string[];
const log = (line: string) => void lines.push(line);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hosted-link-test-'));
  cache = join(folder, 'cache');
  lines = [];
});
afterEach(async () => await rm(folder, { recursive: true }));

describe('finding a Temporal CLI', () => {
  it('takes the one that TEMPORAL_CLI_PATH names before any other', async () => {
    const named = await writeExecutable(join(folder, 'named'), 'exit 0');
    await writeExecutable(join(folder, 'bin', 'temporal'), 'exit 0');
    const env = { TEMPORAL_CLI_PATH: named, PATH: join(folder, 'bin') };
    expect(await findTemporalCli({ log, env })).toBe(named);
  });

  it('refuses a TEMPORAL_CLI_PATH that is not executable, by its name', async () => {
    await writeFile(join(folder, 'not-executable'), '');
    const env = { TEMPORAL_CLI_PATH: join(folder, 'not-executable') };
    await expect(findTemporalCli({ log, env })).rejects.toThrow(/^TEMPORAL_CLI_PATH does not name/);
  });

  it.each([
    ['takes `temporal` on PATH before the cache folder', '1.29.1', 'bin/temporal'],
    [
      'passes over a `temporal` on PATH whose server is too old, and says so',
      '1.28.2',
      'cache/temporal-cli-1.5.1',
    ],
  ])('%s', async (_name, version, expected) => {
    const installed = join(folder, 'bin', 'temporal');
    await writeExecutable(installed, `echo "temporal version 1.0.0 (Server ${version}, UI 2.42.1)"`);
    await writeExecutable(join(cache, 'temporal-cli-1.5.1'), 'exit 0');
    const env = { PATH: `/nowhere:${join(folder, 'bin')}`, HOSTED_LINK_CACHE_DIR: cache };
    expect(await findTemporalCli({ log, env })).toBe(join(folder, expected));
    expect(lines).toEqual(
      expected.startsWith('bin') ? [] : [`${installed} is passed over: its server is older than 1.29.`],
    );
  });

  it.each([
    ['HOSTED_LINK_CACHE_DIR', () => ({ HOSTED_LINK_CACHE_DIR: cache })],
    ['XDG_CACHE_HOME', () => ({ XDG_CACHE_HOME: join(cache, '..') })],
  ])('takes what an earlier run left in the cache folder of %s, without a word', async (name, env) => {
    const own = name === 'XDG_CACHE_HOME' ? join(folder, 'hosted-link') : cache;
    const built = await writeExecutable(join(own, 'temporal-cli-1.5.1'), 'exit 0');
    expect(await findTemporalCli({ log, env: { PATH: '', ...env() } })).toBe(built);
    expect(lines).toEqual([]);
  });

  it('builds one with go when the download fails, and finds it again in the cache folder', async () => {
    const bin = join(folder, 'bin');
    await writeExecutable(
      join(bin, 'go'),
      `echo "$@" >> '${folder}/calls'; echo '#!/bin/sh' > "$GOBIN/temporal"; chmod +x "$GOBIN/temporal"`,
    );
    const env = { ...NO_DOWNLOAD, PATH: `${bin}:${SYSTEM_PATH}`, HOSTED_LINK_CACHE_DIR: cache };

    const path = await findTemporalCli({ log, env });

    expect(path).toBe(join(cache, 'temporal-cli-1.5.1'));
    expect(await findTemporalCli({ log, env })).toBe(path);
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe(
      'install -ldflags=-s -w github.com/temporalio/cli/cmd/temporal@v1.5.1\n',
    );
  });

  it('says all that it tried with each reason, and what to do, when nothing works', async () => {
    const bin = join(folder, 'bin');
    await writeExecutable(join(bin, 'go'), 'echo "no required module provides package" >&2; exit 1');
    const env = { ...NO_DOWNLOAD, PATH: bin, HOSTED_LINK_CACHE_DIR: cache };
    const failure = await findTemporalCli({ log, env }).catch((error: Error) => error.message);
    expect(failure).toMatch(/^No way to get a Temporal server worked\.\n- the Temporal SDK's own download: /);
    expect(failure).toContain(
      'go install of the Temporal CLI 1.5.1: ended with exit code 1: no required module',
    );
    expect(failure).toMatch(/\nInstall the Temporal CLI .*TEMPORAL_CLI_PATH.*TEMPORAL_ADDRESS.*Go 1\.25/);
  });

  it('builds once when two processes ask, and tells the second that it waits', async () => {
    const bin = join(folder, 'bin');
    const gate = join(folder, 'gate');
    await promisify(execFile)('mkfifo', [gate]);
    await writeExecutable(
      join(bin, 'go'),
      `echo built >> '${folder}/calls'; cat '${gate}' > "$GOBIN/temporal"; chmod +x "$GOBIN/temporal"`,
    );
    const env = { ...NO_DOWNLOAD, PATH: `${bin}:${SYSTEM_PATH}`, HOSTED_LINK_CACHE_DIR: cache };
    const processes = [findInAnotherProcess(env), findInAnotherProcess(env)];
    try {
      const said = processes.map((child) => lineReader(child));
      await Promise.race(said.map((reader) => reader.until(/^Waiting for another process/)));
      await writeFile(gate, '#!/bin/sh\n');
      const found = await Promise.all(said.map((reader) => reader.until(/^found /)));
      expect(found).toEqual(Array(2).fill(`found ${join(cache, 'temporal-cli-1.5.1')}`));
      expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('built\n');
    } finally {
      for (const child of processes) child.kill('SIGKILL');
    }
  });
});

describe("the SDK's own download", () => {
  it('is given up when no byte comes', async () => {
    const silent = await listenInSilence();
    try {
      const proxy = `http://127.0.0.1:${(silent.server.address() as AddressInfo).port}`;
      const env = { PATH: SYSTEM_PATH, HTTPS_PROXY: proxy, https_proxy: proxy };
      await mkdir(cache);
      const source = sdkDownload('dev-server', cache, env, 5_000);
      await expect(source.fetch()).rejects.toThrow('got nothing for 5 s');
      expect(silent.sockets).toHaveLength(1);
    } finally {
      for (const socket of silent.sockets) socket.destroy();
      silent.server.close();
    }
  });

  describeWithDevServer('that has been made before', () => {
    it('is used again', async () => {
      const path = sdkDownloadPath('dev-server', cache);
      await mkdir(cache);
      await symlink(programPath('temporal-cli')!, path);
      const source = sdkDownload('dev-server', cache, { ...NO_DOWNLOAD, PATH: SYSTEM_PATH });
      expect(await source.fetch()).toBe(path);
    });
  });
});

function findInAnotherProcess(env: Record<string, string>): ChildProcess {
  const script = `require('./testing/temporal-server.ts').findTemporalCli({ log: console.log }).then((path) => console.log('found ' + path))`;
  return spawn(process.execPath, ['--import', 'tsx', '-e', script], {
    cwd: join(__dirname, '../../..'),
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Waits for lines of a child's output; a line that came before it was asked for counts too. */
function lineReader(child: ChildProcess): { until: (pattern: RegExp) => Promise<string> } {
  const seen: string[] = [];
  const reader = createInterface({ input: child.stdout! });
  reader.on('line', (line) => seen.push(line));
  return {
    async until(pattern) {
      for (;;) {
        const match = seen.find((line) => pattern.test(line));
        if (match !== undefined) return match;
        await once(reader, 'line');
      }
    },
  };
}

async function listenInSilence(): Promise<{ server: Server; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, sockets };
}
