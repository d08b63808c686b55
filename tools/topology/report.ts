import type { Check } from './checks';
import type { Verdict } from './review';
import type { Topology } from './topology';

const HEADINGS = [
  '',
  'SESSION',
  'PLAID FLOW',
  'AT THE KILL',
  'END',
  'HINTS',
  'ACTIONS',
  'RAN ON',
  'STORED AFTER',
];

/** A table of how each session went. */
export function verdictLines(verdicts: readonly Verdict[]): string[] {
  const rows = verdicts.map(({ session, end, hints, actions, ranOn, problems }) => [
    problems.length === 0 ? 'ok' : 'BAD',
    session.name,
    session.plaidFlow,
    session.atKill.toLowerCase(),
    end,
    String(hints),
    String(actions),
    ranOn.join(', '),
    `${((session.endedAt - session.finishedAt) / 1_000).toFixed(1)} s`,
  ]);
  const [head, ...lines] = tableOf([HEADINGS, ...rows]);
  return [
    head!,
    ...lines.flatMap((line, index) => [
      line,
      ...verdicts[index]!.problems.map((problem) => `    ${problem}`),
    ]),
  ];
}

/** What was seen of each part. */
export function checkLines(checks: readonly Check[]): string[] {
  return tableOf(checks.map(({ name, saw, problem }) => [problem ? 'BAD' : 'ok', name, saw]));
}

/** Where everything is, for a person who looks at it. */
export function stayLines({
  temporalAddress,
  temporalMetricsUrl,
  webhookUrl,
  codecServer,
  sandbox,
}: Topology): string[] {
  return tableOf([
    ['Temporal', temporalAddress],
    ['its metrics', temporalMetricsUrl],
    ['codec server', codecServer.url],
    ['webhooks', webhookUrl],
    ['offline Plaid', sandbox.url],
  ]);
}

function tableOf(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
