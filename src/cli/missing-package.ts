import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../domain/input-error';

/**
 * Makes an {@link InputError} of a failed import of a package that is optional for applications, such as `pg`: it says how to
 * install it. Returns undefined for any other error.
 */
export function missingPackage(error: unknown): InputError | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_MODULE_NOT_FOUND') return undefined;
  const [, name = ''] = /^Cannot find (?:module|package) '((?:@[^/']+\/)?[^/'.][^/']*)/.exec(message) ?? [];
  const range = optionalPackages()[name];
  if (range === undefined) return undefined;
  return new InputError(
    name,
    'not installed, but this command needs it',
    `run npm install "${name}@${range}"`,
  );
}

function optionalPackages(): Record<string, string> {
  const text = readFileSync(join(__dirname, '../../package.json'), 'utf8');
  return (JSON.parse(text) as { peerDependencies: Record<string, string> }).peerDependencies;
}
