import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { link, open, rename, stat, unlink } from 'node:fs/promises';
import { InputError } from '../domain/input-error';

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
        `open to other users (mode ${(mode & 0o777).toString(8)})`,
        `run chmod ${mounted ? 640 : 600} on it`,
      );
    }
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** As {@link readSecretFile}; undefined when there is no such file. */
export function readSecretFileIfThere(path: string, field: string): string | undefined {
  try {
    return readSecretFile(path, field);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Makes a file for this user only (mode 0600). It is never there in part, and of several that make it at once one is first.
 * @throws the system's error EEXIST when it is there already
 */
export async function createSecretFile(path: string, text: string): Promise<void> {
  await writeAside(path, text, 0o600, (draft) => link(draft, path));
}

/** Replaces a file, whose mode stays. No reader finds it in part. */
export async function replaceSecretFile(path: string, text: string): Promise<void> {
  const { mode } = await stat(path);
  await writeAside(path, text, mode & 0o777, (draft) => rename(draft, path));
}

/** Writes a file beside `path`, safe on disk, and lets `place` put it there. */
async function writeAside(
  path: string,
  text: string,
  mode: number,
  place: (draft: string) => Promise<void>,
): Promise<void> {
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', mode);
    try {
      await file.writeFile(`${text}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await place(draft);
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}
