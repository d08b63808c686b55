import { sep } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, type BundleOptions } from '@temporalio/worker';
import { WORKFLOW_SOURCE } from '../src/temporal/bundle';

type WebpackConfig = Parameters<NonNullable<BundleOptions['webpackConfigHook']>>[0];
type WebpackPlugin = Extract<NonNullable<NonNullable<WebpackConfig['plugins']>[number]>, { apply: unknown }>;

/** A package within the bundle of the workflows, or this project's own code. */
export interface BundlePart {
  name: string;
  /** Of its sources, before they are bundled. */
  bytes: number;
}

/** What the bundle of the workflows is made of, the largest part first. */
export async function bundleParts(): Promise<BundlePart[]> {
  const bytes = new Map<string, number>();
  const collect: WebpackPlugin = {
    apply(compiler) {
      compiler.hooks.compilation.tap('parts', (compilation) => {
        compilation.hooks.finishModules.tap('parts', (modules) => {
          for (const module of modules) {
            const name = partOf(module.nameForCondition() ?? '');
            bytes.set(name, (bytes.get(name) ?? 0) + module.size());
          }
        });
      });
    },
  };
  await bundleWorkflowCode({
    ...WORKFLOW_SOURCE,
    logger: new DefaultLogger('WARN'),
    webpackConfigHook: (config) => ({ ...config, plugins: [...(config.plugins ?? []), collect] }),
  });
  return [...bytes]
    .map(([name, size]) => ({ name, bytes: size }))
    .sort((one, other) => other.bytes - one.bytes);
}

function partOf(file: string): string {
  const inPackage = file.split(`${sep}node_modules${sep}`).at(-1)!;
  if (inPackage === file) return 'this project';
  const [scope, name] = inPackage.split(sep);
  return scope!.startsWith('@') ? `${scope}/${name}` : scope!;
}
