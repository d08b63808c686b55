import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import {
  bundleWorkflowCode,
  DefaultLogger,
  type BundleOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { version as sdkVersion } from '@temporalio/worker/package.json';
import { WORKFLOW_SOURCE } from '../src/temporal/bundle';
import { ROOT } from './built';

/** All that the workflows are made of; {@link importsAcrossFence} holds them to it. */
const BUNDLED_FOLDERS = ['src/workflows', 'src/domain'];
const CACHE = join(ROOT, 'node_modules/.cache/hosted-link');

let bundle: Promise<WorkflowBundleOption> | undefined;

/**
 * Gives the workflows of this checkout, bundled as a worker bundles them. It takes seconds of computing once for each state of their
 * sources; after that every process finds the bundle beside the installed packages, and no build is needed.
 */
export function workflowBundle(): Promise<WorkflowBundleOption> {
  bundle ??= bundleOnce();
  return bundle;
}

async function bundleOnce(): Promise<WorkflowBundleOption> {
  // By the path of the checkout too: stack traces name it.
  const hash = createHash('sha256').update(`${sdkVersion}\0${ROOT}\0`);
  for (const folder of BUNDLED_FOLDERS) {
    const path = join(ROOT, folder);
    for (const file of readdirSync(path, { recursive: true, encoding: 'utf8' }).sort())
      if (file.endsWith('.ts')) hash.update(`${file}\0`).update(readFileSync(join(path, file)));
  }
  const codePath = join(CACHE, `workflows-${hash.digest('hex').slice(0, 16)}.js`);
  if (existsSync(codePath)) return { codePath };
  const { code } = await bundleWorkflowCode({ ...WORKFLOW_SOURCE, logger: new DefaultLogger('ERROR') });
  mkdirSync(CACHE, { recursive: true });
  const unfinished = `${codePath}.${process.pid}`;
  writeFileSync(unfinished, code);
  renameSync(unfinished, codePath);
  return { codePath };
}

/** What workflows may import of packages. What these import themselves is Temporal's business. */
const ALLOWED_PACKAGES = /^@temporalio\/(workflow|common)(\/|$)/;

type WebpackConfig = Parameters<NonNullable<BundleOptions['webpackConfigHook']>>[0];
type WebpackPlugin = Extract<NonNullable<NonNullable<WebpackConfig['plugins']>[number]>, { apply: unknown }>;

/**
 * Bundles the workflows of a folder, as the worker does, and gives every import by the project's own code that crosses the
 * fence: `src/workflows/a.ts imports src/secrets/digest.ts`. The fence holds the folder, `src/domain`, and
 * {@link ALLOWED_PACKAGES}; type-only imports are gone by then.
 */
export async function importsAcrossFence(workflowsFolder: string): Promise<string[]> {
  const domain = join(dirname(workflowsFolder), 'domain');
  const root = dirname(dirname(workflowsFolder));
  const isInside = (file: string) =>
    [domain, workflowsFolder].some((folder) => file.startsWith(folder + sep));
  const isOwn = (file: string) =>
    isAbsolute(file) && !file.includes(`${sep}node_modules${sep}`) && !file.endsWith('entrypoint.cjs');
  const crossing = new Set<string>();
  const collect: WebpackPlugin = {
    apply(compiler) {
      compiler.hooks.compilation.tap('fence', (compilation) => {
        compilation.hooks.finishModules.tap('fence', (modules) => {
          for (const module of modules) {
            const importer = module.nameForCondition();
            if (!importer || !isOwn(importer)) continue;
            for (const { module: target, dependency } of compilation.moduleGraph.getOutgoingConnections(
              module,
            )) {
              const request = (dependency as { request?: string } | null)?.request;
              const imported = target?.nameForCondition();
              if (request === undefined || imported === importer) continue;
              if (ALLOWED_PACKAGES.test(request) || (imported && isInside(imported))) continue;
              const name = imported && isOwn(imported) ? relative(root, imported) : request;
              crossing.add(`${relative(root, importer)} imports ${name}`);
            }
          }
        });
      });
    },
  };
  try {
    await bundleWorkflowCode({
      workflowsPath: join(workflowsFolder, 'index.ts'),
      workflowInterceptorModules: WORKFLOW_SOURCE.workflowInterceptorModules.map((path) =>
        join(workflowsFolder, basename(path)),
      ),
      // It would print all of webpack's report when a module is missing; the error that it throws is enough.
      logger: new DefaultLogger('ERROR', () => undefined),
      webpackConfigHook: (config) => ({ ...config, plugins: [...(config.plugins ?? []), collect] }),
    });
  } catch (error) {
    // The bundler refuses Node's own modules by itself, after all imports were collected.
    if (crossing.size === 0) throw error;
  }
  return [...crossing].sort();
}
