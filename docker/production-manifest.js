// Writes to a folder what `npm ci --omit=dev` installs the programs of hosted-link from: package.json, in which the packages that
// are optional for applications are dependencies, and the lock file with their exact versions. The embedded database is for
// development, and stays out.
const { copyFileSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');

const ROOT = resolve(module.path, '..');
const DEVELOPMENT_ONLY = ['@electric-sql/pglite', '@electric-sql/pglite-socket', 'fs-native-extensions'];

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: node docker/production-manifest.js FOLDER');

const declared = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const { peerDependencies, dependencies, devDependencies } = declared;
const programs = Object.keys(peerDependencies).filter((name) => !DEVELOPMENT_ONLY.includes(name));
const manifest = {
  ...declared,
  peerDependencies: {},
  peerDependenciesMeta: {},
  dependencies: {
    ...dependencies,
    ...Object.fromEntries(programs.map((name) => [name, devDependencies[name]])),
  },
  devDependencies: Object.fromEntries(
    Object.entries(devDependencies).filter(([name]) => !programs.includes(name)),
  ),
};
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
for (const file of ['package-lock.json', '.npmrc']) copyFileSync(join(ROOT, file), join(folder, file));
