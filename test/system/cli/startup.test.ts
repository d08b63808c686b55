import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { allCommands } from '../../../tools/cli-page';
import { isBuilt, ROOT } from '../../../testing/built';

/** Packages that the command line has loaded by the time it exits. */
async function loadedBy(...args: string[]): Promise<string[]> {
  const report = `process.on('exit', () => process.stderr.write(JSON.stringify(Object.keys(require.cache))));`;
  const main = JSON.stringify(join(ROOT, 'bin/hosted-link.js'));
  const code = `process.argv.splice(1, 0, 'hosted-link'); ${report} require(${main});`;
  const { stderr } = await promisify(execFile)(process.execPath, ['-e', code, '--', ...args]);
  const files = JSON.parse(stderr) as string[];
  expect(files).toContain(join(ROOT, 'dist/cli/program.js'));
  const names = files.flatMap((file) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
  return [...new Set(names)];
}

beforeAll(() => {
  if (!isBuilt()) throw new Error('src has changed since it was built; run npm run build first');
});

test.each(['--version', '--help'])('hosted-link %s loads no package but commander', async (flag) => {
  expect(await loadedBy(flag)).toEqual(['commander']);
});

test.each(allCommands().map(({ name }) => name))(
  'hosted-link %s --help loads no package but commander',
  async (name) => {
    expect(await loadedBy(...name.split(' '), '--help')).toEqual(['commander']);
  },
);
