/*
 * Loaded before the benches (`node --require tsx/cjs --require ./bench/built-sources.ts`): replaces each module of `src` by the one that
 * `npm run build` made of it. What runs the benches from their sources adds a call for each function that a function creates, to keep
 * its name; the benches measure what a deployment runs.
 */
import Module from 'node:module';
import { join, sep } from 'node:path';

const SOURCES = join(__dirname, '../src') + sep;
const BUILT = join(__dirname, '../dist') + sep;

type Resolve = (this: unknown, ...args: unknown[]) => string;
const loader = Module as unknown as { _resolveFilename: Resolve };
const resolve = loader._resolveFilename;

loader._resolveFilename = function (...args) {
  const file = resolve.apply(this, args);
  return file.startsWith(SOURCES) && file.endsWith('.ts')
    ? `${BUILT}${file.slice(SOURCES.length, -'.ts'.length)}.js`
    : file;
};
