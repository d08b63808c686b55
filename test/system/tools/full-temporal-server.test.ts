import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeLowPorts } from '../../../testing/child-server';
import { findTemporalPrograms, startFullTemporalServer } from '../../../testing/full-temporal-server';
import { writeExecutable } from '../../../testing/executable';

const log = () => undefined;
let folder: string;
let env: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hosted-link-test-'));
  env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, HOSTED_LINK_CACHE_DIR: join(folder, 'cache') };
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("Temporal's server", () => {
  it('is built from its module once, with its tool for schemas and the settings of its image', async () => {
    await mkdir(join(folder, 'module/config'), { recursive: true });
    await writeFile(join(folder, 'module/config/docker.yaml'), '# enable-template\n', { mode: 0o444 });
    await writeExecutable(
      join(folder, 'bin/go'),
      `echo "$@" >> '${folder}/calls'
       [ "$1" = mod ] && echo '{"Dir": "${folder}/module"}' && exit
       for program in server sql; do echo "$program" > "$GOBIN/$program"; chmod +x "$GOBIN/$program"; done`,
    );

    const programs = await findTemporalPrograms({ log, env });
    expect(await findTemporalPrograms({ log, env })).toEqual(programs);

    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe(
      'install -ldflags=-s -w go.temporal.io/server/cmd/server@v1.29.1 go.temporal.io/server/cmd/tools/sql@v1.29.1\n' +
        'mod download -json go.temporal.io/server@v1.29.1\n',
    );
    expect(await readFile(join(programs.bin, 'temporal-server'), 'utf8')).toBe('server\n');
    expect(await readFile(join(programs.bin, 'temporal-sql-tool'), 'utf8')).toBe('sql\n');
    expect(await readFile(join(programs.config, 'docker.yaml'), 'utf8')).toBe('# enable-template\n');
  });

  it('is told to be missing with the reason and what to do, when there is no Go', async () => {
    await expect(findTemporalPrograms({ log, env })).rejects.toThrow(
      "No way to get Temporal's server worked.\n- go install of go.temporal.io/server 1.29.1: go is not on PATH\nInstall Go 1.25 or newer.",
    );
  });

  it('that does not start is told with what it said, and is started anew on other ports when it lost one', async () => {
    await writeExecutable(
      join(folder, 'temporal-server'),
      `echo "$FRONTEND_GRPC_PORT" >> '${folder}/ports'; echo "bind: address already in use" >&2; exit 1`,
    );
    const programs = { bin: folder, config: folder };
    const logFile = join(folder, 'temporal.log');
    await expect(startFullTemporalServer({ programs, env, logFile })).rejects.toThrow(
      "Temporal's server did not start: it ended by itself. It said: bind: address already in use",
    );
    const ports = (await readFile(join(folder, 'ports'), 'utf8')).trim().split('\n');
    expect(new Set(ports).size).toBe(5);
  });
});

describe('free low ports', () => {
  it('are different, and fit into what PostgreSQL calls smallint', async () => {
    const ports = await freeLowPorts(20);
    expect(new Set(ports).size).toBe(20);
    for (const port of ports) expect(port).toBeLessThan(32_768);
  });
});
