import type { Plot } from './plot';

/** `smoke` only shows that a bench can run: seconds, and figures that mean nothing. */
export type Scale = 'smoke' | 'full';

/** What a bench is run with. */
export interface BenchContext {
  scale: Scale;
  /** How often each side is measured, at least 1. */
  rounds: number;
  /** What is drawn at random comes from it, so that a run can be repeated. */
  seed: number;
  /** How many sessions `open-sessions` opens. Default: 5,000. */
  openSessions?: number | undefined;
  /** Tells what goes on, a line at a time. */
  log: (line: string) => void;
}

/** One comparison of this project with what somebody would have instead, or with what the machine allows. */
export interface Bench {
  /** `[a-z-]+`; the results are kept under it. */
  name: string;
  /** What is compared with what, in a line. */
  what: string;
  /** @throws whatever keeps it from running; never because of a figure */
  run(context: BenchContext): Promise<BenchResult>;
}

/** What a bench found. */
export interface BenchResult {
  rows: Row[];
  /** How the time grows with the work, each in a file of its own named by `name` (`[a-z-]+`). */
  plots?: (Plot & { name: string })[];
  /** Of what was compared, name to version. */
  versions: Record<string, string>;
}

/** The same figure of several rounds. */
export interface Summary {
  median: number;
  /** Lower and upper quartile: half of the rounds lie between them. */
  lower: number;
  upper: number;
  /** In the order of the rounds. */
  values: number[];
}

/** What a figure is to come to, where one was set: of the ratio when there is one. */
export interface Reach {
  op: '<=' | '>=';
  value: number;
}

/** A line of the table: a figure of ours beside a baseline's, or alone. */
export type Row = Comparison | Statement;

/** A figure of ours, against no baseline. */
export interface Statement {
  what: string;
  /** Such as `requests/s`. */
  unit: string;
  ours: Summary;
  reach?: Reach | undefined;
}

/** A figure of ours and the same figure of a baseline, measured in turns. */
export interface Comparison extends Statement {
  baseline: { name: string; summary: Summary };
  /** Ours through the baseline's, round by round. */
  ratio: Summary;
}

/** Whether a row comes to its reach; undefined when it has none. */
export function isReached(row: Row): boolean | undefined {
  if (!row.reach) return undefined;
  const { median } = 'ratio' in row ? row.ratio : row.ours;
  return row.reach.op === '<=' ? median <= row.reach.value : median >= row.reach.value;
}
