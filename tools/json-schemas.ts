import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createGenerator, type Schema } from 'ts-json-schema-generator';
import { z } from 'zod';
import type { CompletionNotice, DeliveryFailure } from '../src/domain/views';
import { type StartRequest, startRequestSchema } from '../src/requests/start-request';
import type { ExchangeView, Link, SessionView, UncheckedInput } from '../src/workflows/messages';
import { asProgram } from './generated-page';

const ROOT = join(__dirname, '..');

/** The published files, and what makes each. */
export const SCHEMAS: Readonly<Record<string, () => Schema>> = {
  'schemas/session.schema.json': sessionSchema,
  'schemas/cli.schema.json': cliSchema,
};

/** What crosses the wire as JSON. The types' docstrings become descriptions. */
export interface SessionMessages {
  input: UncheckedInput;
  request: StartRequest;
  link: Link;
  session: SessionView;
  exchange: ExchangeView;
  deliveryFailure: DeliveryFailure;
  completion: CompletionNotice;
}

/**
 * The JSON Schema of a session's input, update, query, signals and result, draft 7. What a session is started with has the
 * constraints of the check that every start goes through; what a session tells may get more fields.
 */
export function sessionSchema(): Schema {
  const { SessionMessages: _, ...definitions } = definitionsOf(__filename, 'SessionMessages');
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'hosted-link: what a session takes and tells',
    definitions: { ...definitions, StartRequest: startRequest(definitions['StartRequest']!) },
  };
}

/**
 * The JSON Schema of what commands print with `--json`, draft 7: `properties` has each command by its name, `CommandError` is what
 * stands on standard error.
 */
export function cliSchema(): Schema {
  const definitions = definitionsOf(join(ROOT, 'src/cli/output.ts'), '*');
  const { CommandOutput, ...shapes } = definitions;
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'hosted-link: what its commands print with --json, a line each',
    description: CommandOutput!.description,
    type: 'object',
    properties: CommandOutput!.properties,
    definitions: shapes,
  };
}

/** The definitions of a type, or of all that a file exports, with what they refer to. */
function definitionsOf(path: string, type: string): Record<string, Schema> {
  const generator = createGenerator({
    path,
    tsconfig: join(ROOT, 'tsconfig.json'),
    skipTypeCheck: true,
    additionalProperties: true,
    sortProps: true,
  });
  return generator.createSchema(type).definitions as Record<string, Schema>;
}

/** The check's own schema, with the type's descriptions. */
function startRequest({ description, properties: described = {} }: Schema): Schema {
  const schema = z.toJSONSchema(startRequestSchema, { io: 'input', target: 'draft-7' }) as Schema;
  const { $schema: _, properties = {}, ...rest } = schema;
  return {
    ...rest,
    description,
    properties: Object.fromEntries(
      Object.entries(properties).map(([field, form]) => [
        field,
        { description: (described[field] as Schema).description, ...(form as Schema) },
      ]),
    ),
  };
}

asProgram(module, async () => {
  for (const [file, schema] of Object.entries(SCHEMAS)) {
    await mkdir(dirname(join(ROOT, file)), { recursive: true });
    await writeFile(join(ROOT, file), JSON.stringify(schema()));
  }
});
