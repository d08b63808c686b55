import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { METRICS } from '../../../src/telemetry/metrics';
import { ROOT } from '../../../testing/built';

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook: string };
}

interface Panel {
  type: string;
  title: string;
  targets?: { expr: string }[];
}

const RULES = join(ROOT, 'deploy/prometheus/alerts.yml');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const { groups } = parse(readFileSync(RULES, 'utf8')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(read('deploy/grafana/dashboards/hosted-link.json')) as { panels: Panel[] };
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
/** All that Prometheus is asked, by what asks it. */
const asked: [string, string][] = [
  ...rules.map(({ alert, expr }): [string, string] => [alert, expr]),
  ...panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }): [string, string] => [title, expr.replaceAll('$__rate_interval', '5m')]),
  ),
];

/** Runs promtool. @throws Error with what it said when it finds fault */
function promtool(...args: string[]): string {
  try {
    return execFileSync('promtool', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${stdout}${stderr}`, { cause: error });
  }
}

/** @throws in CI, where the tests by promtool are not optional */
function hasPromtool(): boolean {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if (process.env['CI'])
      throw new Error('no promtool to check alert rules with: install Prometheus', { cause: error });
    process.stderr.write('promtool is not on PATH: the alert rules are not tried; install Prometheus\n');
    return false;
  }
}

(hasPromtool() ? describe : describe.skip)('by promtool', () => {
  test('the alert rules are well-formed', () => {
    expect(promtool('check', 'rules', RULES)).toContain(`${rules.length} rules found`);
  });

  test('alerts are raised by what they are for, and by nothing else', () => {
    expect(promtool('test', 'rules', join(ROOT, 'test/system/deploy/alerts.test.yml'))).toContain('SUCCESS');
  });

  test('what the dashboard asks is well-formed', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hl-'));
    try {
      const file = join(folder, 'dashboard.yml');
      const recorded = asked.map(([, expr], index) => ({ record: `panel:${index}`, expr }));
      writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules: recorded }] }));
      expect(promtool('check', 'rules', file)).toContain(`${recorded.length} rules found`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the metrics that alert rules and dashboard name', () => {
  /** Name and matchers of each. */
  const named = asked.flatMap(([by, expr]) =>
    [...expr.matchAll(/\b((?:hosted_link|temporal)_\w+)(?:\{([^}]*)\})?/g)].map(
      ([, name, matchers = '']) => ({
        by,
        name: name!,
        matchers: [...matchers.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)].map(([, label, operator, value]) => ({
          label: label!,
          values: operator!.includes('~') ? value!.split('|') : [value!],
        })),
      }),
    ),
  );

  test('are ours as the code declares them, with labels and values that they have', () => {
    const ours = named.filter(({ name }) => name.startsWith('hosted_link_'));
    expect(ours.length).toBeGreaterThan(30);
    for (const { by, name, matchers } of ours) {
      const metric = METRICS.find((one) => namesOf(one).includes(name));
      expect([by, name, metric?.name]).toEqual([by, name, expect.any(String)]);
      for (const { label, values } of matchers)
        expect([by, label, metric!.labels[label]]).toEqual([by, label, expect.arrayContaining(values)]);
    }
  });

  test("are Temporal's as docs/metrics.md lists them", () => {
    const listed = [...read('docs/metrics.md').matchAll(/^\| `(temporal_\w+)`/gm)].map(([, name]) => name);
    const theirs = named.filter(({ name }) => name.startsWith('temporal_'));
    expect(new Set(theirs.map(({ name }) => name.replace(/_bucket$/, '')))).toEqual(new Set(listed));
  });

  test('leave none of ours out', () => {
    const unused = METRICS.filter((metric) => !named.some(({ name }) => namesOf(metric).includes(name)));
    expect(unused.map(({ name }) => name)).toEqual([]);
  });
});

test('docs/metrics.md lists our metrics with type and labels', () => {
  const rows = [...read('docs/metrics.md').matchAll(/^\| `(hosted_link_\w+)` +\| (\w+) +\| ([^|]*)\|/gm)];
  expect(rows.map(([, name, kind, labels]) => [name, kind, labels!.match(/\w+/g) ?? []]).sort()).toEqual(
    METRICS.map(({ name, kind, labels }) => [
      kind === 'counter' ? `${name}_total` : name,
      kind,
      Object.keys(labels),
    ]).sort(),
  );
});

test('each alert has a summary, a severity and a section of docs/operations.md, and each such section its alert', () => {
  const sections = [...read('docs/operations.md').matchAll(/^### (HostedLink\w+)$/gm)].map(
    ([, name]) => name!,
  );
  expect(rules.map(({ alert }) => alert)).toEqual(sections);
  for (const { alert, labels, annotations } of rules) {
    expect(['critical', 'warning']).toContain(labels.severity);
    expect(annotations.summary).toMatch(/\.$/);
    expect(annotations.runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`);
  }
});

test('the dashboard asks the Prometheus that its reader chooses, and each panel says what it shows', () => {
  expect(JSON.stringify(dashboard.panels)).not.toMatch(/"uid":"(?!\$\{datasource\})/);
  expect(panels.length).toBeGreaterThan(15);
  for (const { title, targets } of panels)
    expect([title, targets?.length]).toEqual([title, expect.any(Number)]);
});

/** The names under which Prometheus has a metric. */
function namesOf({ kind, name }: (typeof METRICS)[number]): string[] {
  if (kind === 'counter') return [`${name}_total`];
  return kind === 'gauge' ? [name] : ['_bucket', '_sum', '_count'].map((suffix) => name + suffix);
}
