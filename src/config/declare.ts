import { z } from 'zod';
import { InputError, inputErrorFrom, issueMessage } from '../domain/input-error';

/** The text of settings, by their variables; a variable that is not set is absent. */
export type Given = Readonly<Record<string, string | undefined>>;

/** What docs/settings.md says about a setting, and how else it may be given. */
export interface About {
  /** What it does, in Markdown. */
  description: string;
  /** What applies without it, in Markdown. Default: the default of its schema. */
  absent?: string;
  /** Also read from the file that `<variable>_FILE` names, as it contains a secret. */
  file?: true;
}

/** One environment variable: its name, its schema (with the default), and what the docs say. */
export class Setting<Schema extends z.ZodType = z.ZodType> {
  constructor(
    readonly variable: string,
    readonly schema: Schema,
    readonly about: About,
  ) {}
}

/** Settings that go together: with one of them, the others are required unless their schema is optional. */
export class SettingGroup<Members extends Record<string, Setting> = Record<string, Setting>> {
  constructor(readonly members: Members) {}
}

type Declaration = Setting | SettingGroup;

type ValueOf<D> =
  D extends Setting<infer Schema>
    ? z.output<Schema>
    : D extends SettingGroup<infer Members>
      ? { [Name in keyof Members]: z.output<Members[Name]['schema']> } | undefined
      : never;

/** The values of declared settings, by the names of the declarations. A group without any of its members is undefined. */
export type ValuesOf<Declarations> = { [Name in keyof Declarations]: ValueOf<Declarations[Name]> };

/** Returns the single settings of a declaration. */
export function settingsOf(declaration: Declaration): Setting[] {
  return declaration instanceof Setting ? [declaration] : Object.values(declaration.members);
}

/** True when a declared setting, or one of a group, is set, well-formed or not. */
export function isGiven(declaration: Declaration, given: Given): boolean {
  return settingsOf(declaration).some(({ variable }) => given[variable] !== undefined);
}

/**
 * Reads the values of declared settings.
 *
 * @param problems gets an error for each that is malformed, or missing in its group; its value is left out
 */
export function readDeclared<Declarations extends Record<string, Declaration>>(
  declarations: Declarations,
  given: Given,
  problems: InputError[],
): Partial<ValuesOf<Declarations>> {
  const values = Object.entries(declarations).map(([name, declaration]) => [
    name,
    declaration instanceof Setting
      ? readSetting(declaration, given, problems)
      : readGroup(declaration, given, problems),
  ]);
  return Object.fromEntries(values) as Partial<ValuesOf<Declarations>>;
}

function readSetting({ variable, schema }: Setting, given: Given, problems: InputError[]): unknown {
  const parsed = schema.safeParse(given[variable]);
  if (!parsed.success) problems.push(inputErrorFrom(parsed.error, variable));
  return parsed.data;
}

function readGroup(group: SettingGroup, given: Given, problems: InputError[]): unknown {
  if (!isGiven(group, given)) return undefined;
  const members = settingsOf(group);
  const present = members.find(({ variable }) => given[variable] !== undefined)!;
  const required = members.filter(({ schema }) => !schema.safeParse(undefined).success);
  const missing = required.filter(({ variable }) => given[variable] === undefined);
  problems.push(
    ...missing.map(
      ({ variable }) =>
        new InputError(
          variable,
          `missing, with ${present.variable} set`,
          `set ${required.map((one) => one.variable).join(' and ')}, or none of them`,
        ),
    ),
  );
  const values = Object.entries(group.members)
    .filter(([, member]) => !missing.includes(member))
    .map(([name, member]) => [name, readSetting(member, given, problems)]);
  return Object.fromEntries(values);
}

/** Makes a schema of a function that reads text; an {@link InputError} of it becomes the schema's own. */
export function readBy<T>(read: (text: string) => T) {
  return z.string().transform((text, context): T => {
    try {
      return read(text);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      context.addIssue({ code: 'custom', message: issueMessage(error.problem, error.remedy) });
      return z.NEVER;
    }
  });
}
