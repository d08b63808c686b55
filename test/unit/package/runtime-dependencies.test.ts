import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../..');

it('gives each runtime dependency its reason, and no reason to what is none', () => {
  const page = readFileSync(join(ROOT, 'docs/decisions/0008-runtime-dependencies.md'), 'utf8');
  // The rows of its table: `package`, `package` | reason.
  const explained = [...page.matchAll(/^\| (`[^|]+`) +\| \S/gm)].flatMap(([, packages]) =>
    [...packages!.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    peerDependencies: Record<string, string>;
  };
  expect(explained.sort()).toEqual(Object.keys({ ...dependencies, ...peerDependencies }).sort());
});
