import { readFileSync } from 'node:fs';
import { InputError } from '../domain/input-error';
import { readSecretFile } from '../secrets/secret-file';
import type { Given, Setting } from './declare';

/**
 * Reads the settings that are given as a file, by their variables without `_FILE`.
 *
 * @param problems gets an error for each file that cannot be read or is open to others, and each setting that is given both ways
 */
export function readSettingFiles(
  settings: readonly Setting[],
  given: Given,
  problems: InputError[],
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { variable, about } of settings) {
    const fileVariable = `${variable}_FILE`;
    const path = about.file && given[fileVariable];
    if (!path) continue;
    try {
      if (given[variable] !== undefined)
        throw new InputError(fileVariable, `given as well as ${variable}`, 'leave one of them out');
      values[variable] = readSettingFile(path, fileVariable);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(error);
    }
  }
  return values;
}

/**
 * Reads the file that a setting names, without a line end at its end.
 *
 * @param isPublic true: others may read it too
 * @throws InputError naming the variable when the file cannot be read, is empty, or is secret and open to others
 */
export function readSettingFile(path: string, variable: string, isPublic = false): string {
  const remedy = 'give the path of a file that holds the value and that this user may read';
  let text: string;
  try {
    text = isPublic ? readFileSync(path, 'utf8') : readSecretFile(path, variable);
  } catch (error) {
    if (error instanceof InputError) throw error;
    // The path itself is not repeated: it may be the value, put into the wrong setting.
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(variable, `no readable file (${code})`, remedy);
  }
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw new InputError(variable, 'an empty file', remedy);
  return value;
}
