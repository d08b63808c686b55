import { type Setting, type SettingGroup, settingsOf } from '../src/config/declare';
import { CODEC_SERVER_SETTINGS, deploymentSettings } from '../src/config/setting-schema';
import { asProgram, rewritePage, withSection } from './generated-page';

const PAGE = 'docs/settings.md';

/** The tables of docs/settings.md, each by the name of its marks. */
const TABLES: Record<string, Record<string, Setting | SettingGroup>> = {
  deployment: deploymentSettings('sandbox'),
  'codec-server': CODEC_SERVER_SETTINGS,
};

/**
 * Puts the tables of the settings into the text of docs/settings.md, each between its two marks; the formatter does the rest.
 *
 * @throws Error when the page lacks a mark
 */
export function withSettingsTables(page: string): string {
  return Object.entries(TABLES).reduce(
    (text, [name, declarations]) =>
      withSection(text, PAGE, `settings: ${name}`, table(Object.values(declarations).flatMap(settingsOf))),
    page,
  );
}

function table(settings: Setting[]): string {
  const rows = settings.flatMap((setting) => [
    [`\`${setting.variable}\``, absentOf(setting), setting.about.description],
    ...(setting.about.file ? [[`\`${setting.variable}_FILE\``, '', 'The same as a file.']] : []),
  ]);
  return [['setting', 'default', 'what it is'], ['-', '-', '-'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** Returns what applies when a setting is not given: the default of its schema, or `absent` where the docs say it better. */
function absentOf({ schema, about: { absent } }: Setting): string {
  if (absent !== undefined) return absent;
  const value: unknown = schema.safeParse(undefined).data;
  return typeof value === 'string' || typeof value === 'number' ? `\`${value}\`` : '';
}

asProgram(module, () => rewritePage(PAGE, withSettingsTables));
