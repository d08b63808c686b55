import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { InputError } from './input-error';

/**
 * The text of a file that holds a secret. Its mode is checked by PostgreSQL's rule for private keys: nobody but its owner may
 * read it, or, when it is root's and this user is not, root and its group, as secrets are mounted.
 * @param field what the file is called in the message
 * @throws InputError when it is open to others; the system's own error when it cannot be read
 */
export function readSecretFile(path: string, field: string): string {
  const descriptor = openSync(path, 'r');
  try {
    const { mode, uid } = fstatSync(descriptor);
    const mounted = uid === 0 && process.getuid?.() !== 0;
    // Windows has no such modes.
    if (process.platform !== 'win32' && (mode & (mounted ? 0o037 : 0o077)) !== 0) {
      throw new InputError(
        field,
        `open to other users (mode ${(mode & 0o777).toString(8)}); run chmod ${mounted ? 640 : 600} on it`,
      );
    }
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}
