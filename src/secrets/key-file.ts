import { InputError } from '../domain/input-error';
import { parseKeyRing } from './key-ring';
import { createSecretFile, readSecretFileIfThere, replaceSecretFile } from './secret-file';

/**
 * Adds a key, in its textual form, to the ring in a file as the last one; makes the file, for this user only, when it is not
 * there. Gives the ids of its ring, the primary's first.
 * @throws InputError naming the path when it cannot be read or written, is open to others, or holds no ring
 */
export async function addKeyToFile(path: string, key: string): Promise<string[]> {
  try {
    const ring = readSecretFileIfThere(path, path)?.replace(/\r?\n$/, '');
    const text = ring === undefined ? key : `${ring},${key}`;
    const ids = parseKeyRing(text, path).ids();
    await (ring === undefined ? createSecretFile(path, text) : replaceSecretFile(path, text));
    return ids;
  } catch (error) {
    if (error instanceof InputError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(
      path,
      `cannot be read or written (${code})`,
      'let this user write there, or choose another path',
    );
  }
}
