import { readFileSync } from 'node:fs';
import { InputError } from '../domain/input-error';
import { readSecretFile } from '../secrets/secret-file';

/** A certificate is public, and often open to all. */
const PUBLIC_FILE_SETTING = 'HOSTED_LINK_CODEC_TLS_CERT_FILE';

/**
 * The values of those settings that are given as a file, by the name with `_FILE`.
 * @param problems gets one for each that cannot be read, is open to others, or is given both ways
 */
export function readSettingFiles(
  names: readonly string[],
  env: NodeJS.ProcessEnv,
  problems: InputError[],
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of names) {
    const setting = `${name}_FILE`;
    const path = env[setting];
    if (!path) continue;
    try {
      if (env[name]) throw new InputError(setting, `given as well as ${name}`, 'leave one of them out');
      values[name] = readValue(path, setting);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(error);
    }
  }
  return values;
}

function readValue(path: string, setting: string): string {
  const remedy = 'give the path of a file that holds the value and that this user may read';
  let text: string;
  try {
    text = setting === PUBLIC_FILE_SETTING ? readFileSync(path, 'utf8') : readSecretFile(path, setting);
  } catch (error) {
    if (error instanceof InputError) throw error;
    // The path itself is not repeated: it may be the value, put into the wrong setting.
    throw new InputError(setting, `no readable file (${(error as NodeJS.ErrnoException).code})`, remedy);
  }
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw new InputError(setting, 'an empty file', remedy);
  return value;
}
