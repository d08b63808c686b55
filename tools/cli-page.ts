import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, Option } from 'commander';
import type { Schema } from 'ts-json-schema-generator';
import { createProgram } from '../src/cli/program';
import { asProgram, rewritePage, withSection } from './generated-page';

const PAGE = 'docs/cli.md';
const SCHEMA = join(__dirname, '../schemas/cli.schema.json');

/** A command that does something, and the words that call it. */
export interface NamedCommand {
  name: string;
  command: Command;
}

/** All commands that do something, such as `items list`, in the order of the help. */
export function allCommands({ commands }: Command = createProgram(false), path = ''): NamedCommand[] {
  return commands.flatMap((command) => {
    const name = `${path}${command.name()}`;
    return command.commands.length > 0 ? allCommands(command, `${name} `) : [{ name, command }];
  });
}

/** The command lines under "Examples:" in the help of a command. */
export function examplesOf(command: Command): string[] {
  let help = '';
  const { writeOut } = command.configureOutput();
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  command.configureOutput({ writeOut });
  return (help.split('\nExamples:\n')[1] ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/**
 * Puts what the commands and their published schema tell into the text of docs/cli.md, between its marks; the formatter does the rest.
 * @throws Error when the page lacks a mark
 */
export function withCommands(page: string): string {
  const { properties = {}, definitions = {} } = JSON.parse(readFileSync(SCHEMA, 'utf8')) as Schema;
  const commands = allCommands().map((named) => commandSection(named, properties[named.name] as Schema));
  const shapes = Object.entries(definitions).map(([name, shape]) => shapeSection(name, shape as Schema));
  const listed = withSection(page, PAGE, 'commands', commands.join('\n\n'));
  return withSection(listed, PAGE, 'shapes', shapes.join('\n\n'));
}

function commandSection({ name, command }: NamedCommand, output: Schema): string {
  const parameters = [
    ...command.registeredArguments.map((argument) => [
      `\`<${argument.name()}>\``,
      '',
      withChoices(argument.description, argument.argChoices),
    ]),
    ...command.options
      .filter(({ long }) => long !== '--json')
      .map((option) => [
        `\`${option.flags}\``,
        defaultOf(option),
        withChoices(option.description, option.argChoices),
      ]),
  ];
  return [
    `### hosted-link ${name}`,
    `${sentence(command.description())}`,
    ...(parameters.length > 0 ? [table(['', 'default', 'what it is'], parameters)] : []),
    `Prints with \`--json\`: ${typeOf(output)}.`,
    ['```sh', ...examplesOf(command), '```'].join('\n'),
  ].join('\n\n');
}

function withChoices(description: string, choices: readonly string[] | undefined): string {
  return choices ? `${description}: ${choices.map((choice) => `\`${choice}\``).join(', ')}` : description;
}

function defaultOf({ defaultValue, defaultValueDescription }: Option): string {
  if (defaultValueDescription !== undefined) return `\`${defaultValueDescription}\``;
  const isTold = typeof defaultValue === 'string' || typeof defaultValue === 'number';
  return isTold ? `\`${defaultValue}\`` : '';
}

function shapeSection(name: string, shape: Schema): string {
  const { description, properties, required = [] } = shape;
  const rows = Object.entries(properties ?? {}).map(([field, form]) => [
    `\`${field}\`${required.includes(field) ? '' : ' (may be missing)'}`,
    typeOf(form as Schema),
    (form as Schema).description ?? '',
  ]);
  return [
    `### ${name}`,
    ...(description ? [description] : []),
    rows.length > 0 ? table(['field', 'type', 'what it is'], rows) : sentence(typeOf(shape)),
  ].join('\n\n');
}

/** A type in words. */
function typeOf({ $ref, anyOf, type, items, enum: values, format, properties, ...rest }: Schema): string {
  if ($ref) {
    const name = decodeURIComponent($ref.split('/').at(-1)!);
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (anyOf) return anyOf.map((one) => typeOf(one as Schema)).join(' or ');
  const constants = values ?? (rest.const === undefined ? [] : [rest.const]);
  if (constants.length > 0)
    return constants.map((value) => `\`${JSON.stringify(value).replaceAll('"', '')}\``).join(', ');
  if (type === 'array') return `list of ${typeOf(items as Schema)}`;
  if (properties) {
    const fields = Object.entries(properties).map(([name, form]) => `\`${name}\`: ${typeOf(form as Schema)}`);
    return `object of ${fields.join('; ')}`;
  }
  if (type === 'object' && typeof rest.additionalProperties === 'object')
    return `object of ${typeOf(rest.additionalProperties)} by name`;
  return format === 'date-time' ? 'time' : String(type);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function table(head: readonly string[], rows: readonly string[][]): string {
  return [head, head.map(() => '-'), ...rows]
    .map(
      (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`,
    )
    .join('\n');
}

asProgram(module, () => rewritePage(PAGE, withCommands));
