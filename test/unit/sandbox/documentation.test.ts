import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sandboxCommand } from '../../../src/cli/sandbox';
import { ENDPOINTS } from '../../../src/sandbox/fault';
import { INSTITUTIONS } from '../../../src/sandbox/institutions';
import { plannedFaultSchema, plannedWebhookFaultSchema } from '../../../src/sandbox/planned-fault';
import { DEFAULT_SWITCHES } from '../../../src/sandbox/switches';

const text = readFileSync(join(__dirname, '../../../docs/sandbox.md'), 'utf8');

/** The rows below the head that starts with `head`, each cell without its backquotes. */
function table(head: string): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${head} `));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const column = (head: string): string[] => table(head).map(([cell]) => cell!);

/** The kinds of the faults that a schema accepts, with the fields that each must have. */
function kinds(schema: typeof plannedFaultSchema | typeof plannedWebhookFaultSchema): string[] {
  return schema.shape.fault.options.map(({ shape }) => shape.kind.value);
}

test('docs/sandbox.md lists every endpoint', () => {
  expect(column('endpoint').sort()).toEqual([...ENDPOINTS].sort());
});

test('docs/sandbox.md lists every bank with its accounts', () => {
  expect(table('bank')).toEqual(
    INSTITUTIONS.map(({ institutionId, name, accounts }) => [
      institutionId,
      name,
      accounts.map(({ id }) => id).join(', '),
    ]),
  );
});

test('docs/sandbox.md lists every switch with its flag and its default', () => {
  const rows = table('switch').map(([name, flag, values]) => [name, flag, values!.split(', ')[0]]);
  expect(rows.map(([name]) => name)).toEqual(Object.keys(DEFAULT_SWITCHES));
  const options = sandboxCommand().options;
  for (const [name, flag, first] of rows) {
    const option = options.find(({ long }) => long === flag);
    expect([flag, option?.attributeName()]).toEqual([flag, name]);
    expect([flag, String(option!.negate ? true : option!.defaultValue)]).toEqual([flag, first]);
    expect(String(DEFAULT_SWITCHES[name as keyof typeof DEFAULT_SWITCHES])).toBe(first);
    if (option!.argChoices) {
      const [, , values] = table('switch').find(([its]) => its === name)!;
      expect(values!.split(', ')).toEqual(option!.argChoices);
    }
  }
});

test('docs/sandbox.md lists every fault of endpoints, and then every one of webhooks', () => {
  const faultTables = text.split('\n').filter((line) => line.startsWith('| fault '));
  expect(faultTables).toHaveLength(2);
  expect(column('fault')).toEqual(kinds(plannedFaultSchema));
  const webhooks = text.slice(text.indexOf('## Webhooks'));
  for (const kind of kinds(plannedWebhookFaultSchema)) {
    expect(webhooks).toMatch(new RegExp(`^\\| \`${kind}\``, 'm'));
  }
});

test('docs/sandbox.md shows only faults that the flags accept', () => {
  const shown = [...text.matchAll(/--(webhook-)?fault '([^']+)'/g)];
  expect(shown).toHaveLength(4);
  for (const [, webhook, json] of shown) {
    const schema = webhook ? plannedWebhookFaultSchema : plannedFaultSchema;
    schema.parse(JSON.parse(json!));
  }
});
