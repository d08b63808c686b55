import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isBuilt, ROOT } from '../../../testing/built';
import { pack, type Packed } from '../../../testing/packed';

/** A compiler's run takes seconds, on a busy machine many. */
const SLOW_MS = 180_000;

const ENTRIES = ['client', 'worker', 'workflows', 'vault', 'callbacks', 'testing'];

const runFile = promisify(execFile);

/** Runs a program in Node, and gives its exit code and all that it printed. */
async function run(cwd: string, args: string[]): Promise<{ code: number; output: string }> {
  try {
    const { stdout, stderr } = await runFile(process.execPath, args, { cwd });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

const bin = (path: string) => join(ROOT, 'node_modules', path);

describe('the package', () => {
  let packed: Packed;

  beforeAll(async () => {
    if (!isBuilt()) throw new Error('src has changed since it was built; run npm run build first');
    packed = await pack();
  }, SLOW_MS);
  afterAll(async () => await packed?.remove());

  it('holds what was built of the sources, the migrations and what npm adds, and nothing else', () => {
    const built = list('src')
      .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
      .map((path) => path.replace(/^src/, 'dist').replace(/\.ts$/, ''))
      .flatMap((path) => [`${path}.js`, `${path}.js.map`, `${path}.d.ts`]);
    const others = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', 'bin/hosted-link.js'];
    const expected = [...built, 'dist/workflow-bundle.js', ...list('sql'), ...list('schemas'), ...others];
    expect(packed.files).toEqual(expected.sort());
  });

  it('does not tell where it was built', async () => {
    const project = await packed.install('paths', {});
    const holder = join(project, 'node_modules/hosted-link');
    const telling: string[] = [];
    for (const file of packed.files) {
      const text = await readFile(join(holder, file), 'utf8');
      // The bundle's source map is inline.
      const [, map = ''] =
        /sourceMappingURL=data:application\/json;charset=utf-8;base64,(\S+)/.exec(text) ?? [];
      if ((text + Buffer.from(map, 'base64').toString()).includes(ROOT)) telling.push(file);
    }
    expect(telling).toEqual([]);
  });

  it('is clean to publint', async () => {
    const { output } = await run(ROOT, [bin('publint/src/cli.js'), packed.tarball, '--strict']);
    expect(output).toContain('All good!');
  });

  it('has types that resolve from CommonJS, from ES modules and with moduleResolution node10', async () => {
    const attw = bin('@arethetypeswrong/cli/dist/index.js');
    const { code, output } = await run(ROOT, [attw, packed.tarball, '--profile', 'strict']);
    expect({ code, output }).toMatchObject({ code: 0 });
    for (const entry of ENTRIES) expect(output).toContain(`"hosted-link/${entry}"`);
  });

  describe.each(['commonjs', 'module'])('in an application of type %s', (type) => {
    let project: string;

    beforeAll(async () => {
      project = await packed.install(type, { type });
      await cp(join(__dirname, 'application'), project, { recursive: true });
    }, SLOW_MS);

    it(
      'compiles strictly for node16 and nodenext, its declarations too, and runs',
      async () => {
        for (const module of ['node16', 'nodenext']) {
          const compilerOptions = { module, target: 'es2022', strict: true, types: ['node'], outDir: module };
          await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
          const compiled = await run(project, [bin('typescript/bin/tsc'), '-p', '.']);
          expect(compiled).toEqual({ code: 0, output: '' });
        }
        const { output } = await run(project, ['nodenext/main.js', join(project, 'nodenext/workflows.js')]);
        expect(JSON.parse(output)).toEqual({
          client: 'linkToken',
          vault: 'VAULT_UNREACHABLE',
          callbacks: 'headers_missing',
          testing: 'link-sandbox',
          worker: 'hosted-link',
          workflows: true,
        });
      },
      SLOW_MS,
    );

    it('lets nobody import what is no entry', async () => {
      const code = `import('hosted-link/dist/client').catch(({ code }) => console.log(code))`;
      const { output } = await run(project, ['-e', code]);
      expect(output).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
    });
  });

  it('loads nothing of Temporal for a receiver of callbacks', async () => {
    const project = await packed.install('callbacks', {});
    const code = `require('hosted-link/callbacks'); console.log(Object.keys(require.cache).join('\\n'))`;
    const { output: loaded } = await run(project, ['-e', code]);
    expect(loaded).toContain('/hosted-link/dist/entry/callbacks.js');
    expect(loaded).not.toMatch(/node_modules\/(@temporalio|pg|undici|fastify)\//);
  });

  describe('in a service that only starts sessions', () => {
    let project: string;
    beforeAll(async () => {
      project = await packed.install('service', {}, { optional: false });
    }, SLOW_MS);

    it('loads none of the packages that only a worker needs', async () => {
      const { peerDependenciesMeta } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
        peerDependenciesMeta: Record<string, unknown>;
      };
      const optional = Object.keys(peerDependenciesMeta);
      expect(optional).toEqual(
        expect.arrayContaining([
          '@electric-sql/pglite',
          '@temporalio/worker',
          '@temporalio/workflow',
          'pg',
          'pino',
        ]),
      );
      const code = `require('hosted-link'); console.log(Object.keys(require.cache).join('\\n'))`;
      const { output: loaded } = await run(project, ['-e', code]);
      expect(loaded).toContain('/hosted-link/dist/entry/client.js');
      for (const name of [...optional, '@temporalio/core-bridge']) expect(loaded).not.toContain(`/${name}/`);
    });

    it(
      'compiles strictly without them, its declarations too',
      async () => {
        const source = `import { HostedLinkClient } from 'hosted-link';
          import { HostedLinkClient as Same } from 'hosted-link/client';
          import { verifyCallback } from 'hosted-link/callbacks';
          export const all: [typeof HostedLinkClient, typeof verifyCallback] = [Same, verifyCallback];`;
        await writeFile(join(project, 'service.ts'), source);
        await cp(join(__dirname, 'application/ms.d.ts'), join(project, 'ms.d.ts'));
        const compilerOptions = {
          module: 'node16',
          target: 'es2022',
          strict: true,
          types: ['node'],
          noEmit: true,
        };
        await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
        const compiled = await run(project, [bin('typescript/bin/tsc'), '-p', '.']);
        expect(compiled).toEqual({ code: 0, output: '' });
      },
      SLOW_MS,
    );

    it('says which package a command of the worker lacks, and how to install it', async () => {
      const main = 'node_modules/hosted-link/bin/hosted-link.js';
      expect(await run(project, [main, '--help'])).toMatchObject({ code: 0 });
      const { code, output } = await run(project, [main, 'worker']);
      expect(code).toBe(2);
      expect(output).toMatch(
        /^INVALID_INPUT: (\S+): not installed, but this command needs it; run npm install "\1@[~^]\d+\.\d+\.\d+"\n$/,
      );
    });
  });

  it('asks for the embedded database by name where it is not installed', async () => {
    const project = await packed.install('production', {});
    for (const name of ['@electric-sql', 'fs-native-extensions'])
      await rm(join(project, 'node_modules', name), { recursive: true });
    const { code, output } = await run(project, ['node_modules/hosted-link/bin/hosted-link.js', 'setup']);
    expect(code).toBe(2);
    expect(output).toContain(
      'DATABASE_URL: not set, and the embedded database for development is not installed; set it, or run npm install @electric-sql/pglite',
    );
  });

  it('has a README without relative links, since the documents that they would name are not packed', async () => {
    const project = await packed.install('readme', {});
    const readme = await readFile(join(project, 'node_modules/hosted-link/README.md'), 'utf8');
    const targets = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
    expect(targets).toContain('https://github.com/OWNER/hosted-link/blob/main/docs/concepts.md');
    expect(targets.filter((target) => !/^(https:|#)/.test(target))).toEqual([]);
  });
});

describe('npm run docs:api', () => {
  it(
    'makes the reference of all entries, with no type left out and no link that leads nowhere',
    async () => {
      const out = join(ROOT, '.cache', 'docs-api');
      const { output } = await run(ROOT, [bin('typedoc/bin/typedoc'), '--out', out, '--logLevel', 'Warn']);
      expect(output).toBe('');
      const pages = readdirSync(join(out, 'modules')).sort();
      await rm(out, { recursive: true });
      expect(pages).toEqual(ENTRIES.map((entry) => `${entry}.html`).sort());
    },
    SLOW_MS,
  );
});

function list(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(ROOT.length + 1));
}
