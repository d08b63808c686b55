import type { MetricMeter } from '@temporalio/common';
import { noopMetricMeter } from '@temporalio/common';
import { type PrometheusMetricsExporter, Runtime } from '@temporalio/worker';
import { PLAID_CALL_RESULTS, PLAID_ENDPOINTS } from '../domain/plaid-calls';
import { TASK_QUEUES } from '../domain/ids';
import { PLAID_FLOWS } from '../domain/plaid-flow';
import { WEBHOOK_OUTCOMES } from '../domain/webhook-outcome';
import { type Emitters, emitters, type MetricDeclaration, WORKFLOW_METRICS } from '../domain/metrics';

/** Of what a machine does, in seconds. */
const DELAY_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 900, 1_800];

/** What a process emits outside of workflows. docs/metrics.md describes each. */
const PROCESS_METRICS = {
  plaidCalls: {
    kind: 'counter',
    name: 'hosted_link_plaid_calls',
    help: 'Calls to Plaid, by how they came out.',
    labels: { endpoint: PLAID_ENDPOINTS, result: PLAID_CALL_RESULTS },
  },
  plaidCallDuration: {
    kind: 'histogram',
    name: 'hosted_link_plaid_call_duration_seconds',
    help: 'How long calls to Plaid took, whatever came of them.',
    labels: { endpoint: PLAID_ENDPOINTS },
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20],
  },
  pollDelay: {
    kind: 'histogram',
    name: 'hosted_link_poll_delay_seconds',
    help: 'How much later than it was due a get of a watch was made.',
    labels: { plaid_flow: PLAID_FLOWS },
    buckets: DELAY_BUCKETS,
  },
  completionSeenDelay: {
    kind: 'histogram',
    name: 'hosted_link_completion_seen_delay_seconds',
    help: 'From when Plaid says that a person finished until a get saw it.',
    labels: { plaid_flow: PLAID_FLOWS },
    buckets: DELAY_BUCKETS,
  },
  tokenStoredDelay: {
    kind: 'histogram',
    name: 'hosted_link_token_stored_delay_seconds',
    help: 'From when a get saw a result until its access token was stored.',
    labels: {},
    buckets: DELAY_BUCKETS,
  },
  webhooks: {
    kind: 'counter',
    name: 'hosted_link_webhooks',
    help: 'Requests to the receiver of webhooks, by what came of them.',
    labels: { outcome: WEBHOOK_OUTCOMES },
  },
  callbacks: {
    kind: 'counter',
    name: 'hosted_link_callbacks',
    help: 'Attempts to deliver a callback, and callbacks that were given up.',
    labels: { result: ['delivered', 'refused', 'no_answer', 'given_up'] },
  },
  vaultFailures: {
    kind: 'counter',
    name: 'hosted_link_vault_failures',
    help: 'Attempts of activities that the vault failed, by whether its database was unreachable.',
    labels: { reason: ['unreachable', 'other'] },
  },
  unexpectedErrors: {
    kind: 'counter',
    name: 'hosted_link_unexpected_errors',
    help: 'Attempts of activities that failed for a reason that nobody foresaw.',
    labels: {},
  },
  payloadsUndecodable: {
    kind: 'counter',
    name: 'hosted_link_payloads_undecodable',
    help: 'Payloads that the codec could not decode.',
    labels: {},
  },
  codecEncryptions: {
    kind: 'counter',
    name: 'hosted_link_codec_encryptions',
    help: 'Payloads that the codec encrypted, by the id of the key.',
    labels: { key_id: 'any' },
  },
} as const satisfies Record<string, MetricDeclaration>;

/** What emits a process's own metrics. */
export type Metrics = Emitters<typeof PROCESS_METRICS>;

/** Emits nothing. */
export const NO_METRICS: Metrics = emitters(PROCESS_METRICS, noopMetricMeter);

/** All that we emit, on whatever meter. */
export const METRICS: readonly MetricDeclaration[] = [
  ...Object.values(WORKFLOW_METRICS),
  ...Object.values(PROCESS_METRICS),
];

/**
 * How a Runtime is to export metrics for them to have the names, units and buckets of docs/metrics.md, which alert rules and
 * dashboard rely on: `prometheus: { ...PROMETHEUS_OPTIONS, bindAddress }`.
 */
export const PROMETHEUS_OPTIONS = {
  countersTotalSuffix: true,
  unitSuffix: true,
  useSecondsForDurations: true,
  histogramBucketOverrides: Object.fromEntries(
    METRICS.flatMap(({ name, buckets }) => (buckets ? [[name, [...buckets]]] : [])),
  ),
} satisfies Omit<PrometheusMetricsExporter['prometheus'], 'bindAddress'>;

/**
 * The metrics of this process, on the SDK's Runtime as it is installed: where that exports none, emitting does nothing. All
 * counters begin at zero, without which Prometheus could not tell a first time from a restart.
 *
 * @param namespace of the workers; undefined in a process that has none
 */
export function processMetrics(namespace?: string): Metrics {
  const { metricMeter } = Runtime.instance();
  for (const metric of Object.values(PROCESS_METRICS)) startAtZero(metric, metricMeter);
  if (namespace !== undefined) {
    for (const { workflowTypes, ...metric } of Object.values(WORKFLOW_METRICS)) {
      for (const workflowType of workflowTypes)
        startAtZero(metric, metricMeter, { namespace, taskQueue: TASK_QUEUES.main, workflowType });
    }
  }
  return emitters(PROCESS_METRICS, metricMeter);
}

function startAtZero({ kind, name, help, labels }: MetricDeclaration, meter: MetricMeter, tags = {}): void {
  if (kind !== 'counter' || Object.values(labels).includes('any')) return;
  const counter = meter.createCounter(name, '', help);
  let combinations: Record<string, string>[] = [tags];
  for (const [label, values] of Object.entries(labels) as [string, readonly string[]][])
    combinations = combinations.flatMap((others) => values.map((value) => ({ ...others, [label]: value })));
  for (const combination of combinations) counter.add(0, combination);
}
