import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { ROOT } from './built';

const ajv = addFormats(new Ajv({ allErrors: true }));
ajv.addSchema(JSON.parse(readFileSync(join(ROOT, 'schemas/cli.schema.json'), 'utf8')) as object, 'cli');

/** What the published schema has against a line that the command printed with `--json`; nothing when it is as published. */
export function againstSchema(command: string, line: string): string[] {
  return errorsOf(`cli#/properties/${encodeURIComponent(command)}`, line);
}

/** The same of what stands on standard error when a command has failed. */
export function againstErrorSchema(line: string): string[] {
  return errorsOf('cli#/definitions/CommandError', line);
}

function errorsOf($ref: string, line: string): string[] {
  const validate = ajv.getSchema($ref);
  if (!validate) throw new Error(`the schema has no ${$ref}`);
  if (validate(JSON.parse(line)) === true) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
