import { PLAID_FLOWS } from './plaid-flow';
import { isEndState, RESULT_STATES, SESSION_STATES } from './states';

/**
 * The labels of a metric, each with all values that it can have: never an id of a session, or anything of a person. `any` is for ids of
 * keys, of which a deployment has a few.
 */
type LabelValues = Readonly<Record<string, readonly string[] | 'any'>>;

type Labels = Record<string, string>;

/** The part of Temporal's `MetricMeter` that emitters use. */
interface Meter {
  createCounter(name: string, unit: string, help: string): { add(value: number, labels: Labels): void };
  createGauge(
    name: string,
    valueType: 'float',
    unit: string,
    help: string,
  ): { set(value: number, labels: Labels): void };
  createHistogram(
    name: string,
    valueType: 'float',
    unit: string,
    help: string,
  ): { record(value: number, labels: Labels): void };
}

/** A metric as it is declared. Names are Prometheus', but for the `_total` of counters, which the exporter adds. */
export interface MetricDeclaration {
  kind: 'counter' | 'histogram' | 'gauge';
  name: string;
  /** What it measures, and in which unit. */
  help: string;
  labels: LabelValues;
  /** Of a histogram: the bounds of its buckets, in its unit. */
  buckets?: readonly number[];
}

type LabelsOf<D extends MetricDeclaration> = {
  [Label in keyof D['labels']]: D['labels'][Label] extends readonly string[]
    ? D['labels'][Label][number]
    : string;
};

/** What emits metrics, by their declarations: a counter counts one more, the others take a value. */
export type Emitters<Declarations extends Record<string, MetricDeclaration>> = {
  readonly [Metric in keyof Declarations]: Declarations[Metric]['kind'] extends 'counter'
    ? (labels: LabelsOf<Declarations[Metric]>) => void
    : (value: number, labels: LabelsOf<Declarations[Metric]>) => void;
};

/** Makes the emitters of declared metrics. A time below zero, which clocks that differ can make, counts as none. */
export function emitters<Declarations extends Record<string, MetricDeclaration>>(
  declarations: Declarations,
  meter: Meter,
): Emitters<Declarations> {
  return Object.fromEntries(
    Object.entries(declarations).map(([metric, declaration]) => [metric, emitter(declaration, meter)]),
  ) as Emitters<Declarations>;
}

/** Makes the metric when it is first emitted: a workflow's meter makes none outside of workflows. */
function emitter({ kind, name, help }: MetricDeclaration, meter: Meter) {
  if (kind === 'counter') {
    let counter: ReturnType<Meter['createCounter']> | undefined;
    return (labels: Labels) => (counter ??= meter.createCounter(name, '', help)).add(1, labels);
  }
  if (kind === 'gauge') {
    let gauge: ReturnType<Meter['createGauge']> | undefined;
    return (value: number, labels: Labels) =>
      (gauge ??= meter.createGauge(name, 'float', '', help)).set(Math.max(value, 0), labels);
  }
  let histogram: ReturnType<Meter['createHistogram']> | undefined;
  return (value: number, labels: Labels) =>
    (histogram ??= meter.createHistogram(name, 'float', '', help)).record(Math.max(value, 0), labels);
}

const [MINUTE, HOUR, DAY] = [60, 3_600, 86_400];

/** Of what waits for a person, in seconds: up to 21 days, the longest life of a link. */
const PERSON_BUCKETS = [
  ...[10, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE],
  ...[HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY, 21 * DAY],
];

/** A metric that workflows emit. */
interface WorkflowMetricDeclaration extends MetricDeclaration {
  /** Which workflows do. */
  workflowTypes: readonly string[];
}

/** What workflows emit, with the labels `namespace`, `taskQueue` and `workflowType` of the SDK's beside their own. */
export const WORKFLOW_METRICS = {
  sessionsEnded: {
    kind: 'counter',
    name: 'hosted_link_sessions_ended',
    help: 'Sessions that have ended, by their end state.',
    labels: { plaid_flow: PLAID_FLOWS, state: SESSION_STATES.filter(isEndState) },
    workflowTypes: ['hostedLinkSession'],
  },
  timeToOpen: {
    kind: 'histogram',
    name: 'hosted_link_session_time_to_open_seconds',
    help: 'From the start of a session until it was first seen to have been opened.',
    labels: { plaid_flow: PLAID_FLOWS },
    buckets: PERSON_BUCKETS,
    workflowTypes: ['hostedLinkSession'],
  },
  timeToComplete: {
    kind: 'histogram',
    name: 'hosted_link_session_time_to_complete_seconds',
    help: 'From the start of a session until it was COMPLETED.',
    labels: { plaid_flow: PLAID_FLOWS },
    buckets: PERSON_BUCKETS,
    workflowTypes: ['hostedLinkSession'],
  },
  resultsEnded: {
    kind: 'counter',
    name: 'hosted_link_results_ended',
    help: 'Results of sessions that have been brought to their end, by their state.',
    labels: { state: RESULT_STATES.filter((state) => state !== 'PENDING') },
    workflowTypes: ['hostedLinkSession', 'tokenExchange'],
  },
  signalsDropped: {
    kind: 'counter',
    name: 'hosted_link_signals_dropped',
    help: 'Signals that were dropped, since their arguments cannot be read or are not what they should be.',
    labels: {},
    workflowTypes: ['hostedLinkSession', 'tokenExchange', 'callbackDelivery'],
  },
} as const satisfies Record<string, WorkflowMetricDeclaration>;
