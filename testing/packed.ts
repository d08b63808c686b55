import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './built';

const run = promisify(execFile);

/** The package as `npm pack` makes it of what was built. */
export interface Packed {
  tarball: string;
  /** The paths of its files, sorted. */
  files: string[];
  /**
   * Makes a project with the package, the packages that it declares and Node's types, and returns its folder.
   * @param options.optional whether optional peers are there too, as a worker needs them. Default true.
   */
  install(name: string, packageJson: object, options?: { optional?: boolean }): Promise<string>;
  remove(): Promise<void>;
}

/** Packs what `npm run build` has made. */
export async function pack(): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), 'hosted-link-package-'));
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: ROOT,
  });
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  const tarball = join(folder, filename);
  return {
    tarball,
    files: files.map(({ path }) => path).sort(),
    async install(name, packageJson, { optional = true } = {}) {
      const project = join(folder, name);
      const modules = join(project, 'node_modules');
      await mkdir(modules, { recursive: true });
      await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, ...packageJson }));
      await run('tar', ['-xzf', tarball, '-C', modules]);
      await rename(join(modules, 'package'), join(modules, 'hosted-link'));
      for (const dependency of [...(await declared(optional)), '@types/node']) {
        await mkdir(dirname(join(modules, dependency)), { recursive: true });
        await symlink(join(ROOT, 'node_modules', dependency), join(modules, dependency));
      }
      return project;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Returns the packages that this one declares, with optional peers or without them. */
async function declared(optional: boolean): Promise<string[]> {
  const { dependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(
    await readFile(join(ROOT, 'package.json'), 'utf8'),
  ) as Record<'dependencies' | 'peerDependencies' | 'peerDependenciesMeta', Record<string, unknown>>;
  const peers = Object.keys(peerDependencies).filter((name) => optional || !(name in peerDependenciesMeta));
  return [...Object.keys(dependencies), ...peers];
}
