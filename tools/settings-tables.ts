import type { z } from 'zod';
import {
  CODEC_SERVER_SETTINGS,
  DEPLOYMENT_SETTINGS,
  FILE_SETTINGS,
  TRACE_SETTINGS,
} from '../src/config/setting-schema';
import { asProgram, rewritePage, withSection } from './generated-page';

const PAGE = 'docs/settings.md';

/** The tables of docs/settings.md, each by the name of the mark that stands before it. */
const TABLES: Record<string, Record<string, z.ZodType>> = {
  deployment: DEPLOYMENT_SETTINGS,
  'codec-server': CODEC_SERVER_SETTINGS,
  traces: TRACE_SETTINGS,
};

/**
 * Puts the tables of the settings into the text of docs/settings.md, each between its two marks; the formatter does the rest.
 * @throws Error when the page lacks a mark
 */
export function withSettingsTables(page: string): string {
  return Object.entries(TABLES).reduce(
    (text, [name, settings]) => withSection(text, PAGE, `settings: ${name}`, table(settings)),
    page,
  );
}

function table(settings: Record<string, z.ZodType>): string {
  const rows = Object.entries(settings).flatMap(([name, schema]) => [
    [`\`${name}\``, absentOf(schema), schema.description ?? ''],
    ...(FILE_SETTINGS.some((one) => one === name) ? [[`\`${name}_FILE\``, '', 'The same as a file.']] : []),
  ]);
  return [['setting', 'default', 'what it is'], ['-', '-', '-'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** What a setting is when it is not given, as its schema says or, where that cannot, its `absent`. */
function absentOf(schema: z.ZodType): string {
  const absent = schema.meta()?.['absent'];
  if (typeof absent === 'string') return absent;
  const value: unknown = schema.safeParse(undefined).data;
  return typeof value === 'string' ? `\`${value}\`` : '';
}

asProgram(module, () => rewritePage(PAGE, withSettingsTables));
