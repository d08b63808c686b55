import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createGenerator, type Schema } from 'ts-json-schema-generator';
import { z } from 'zod';
import type { CompletionNotice, DeliveryFailure } from '../src/session';
import { type StartRequest, startRequestSchema } from '../src/start-request';
import type { ExchangeView, Link, SessionView, UncheckedInput } from '../src/workflows/messages';

const ROOT = join(__dirname, '..');

/** The published file. */
export const SCHEMA_FILE = join(ROOT, 'schemas/session.schema.json');

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
  const generator = createGenerator({
    path: __filename,
    tsconfig: join(ROOT, 'tsconfig.json'),
    skipTypeCheck: true,
    additionalProperties: true,
    sortProps: true,
  });
  const { SessionMessages: _, ...definitions } = generator.createSchema('SessionMessages')
    .definitions as Record<string, Schema>;
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'hosted-link: what a session takes and tells',
    definitions: { ...definitions, StartRequest: startRequest(definitions['StartRequest']!) },
  };
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

async function main(): Promise<void> {
  await mkdir(dirname(SCHEMA_FILE), { recursive: true });
  await writeFile(SCHEMA_FILE, JSON.stringify(sessionSchema()));
}

if (require.main === module) {
  main().catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  });
}
