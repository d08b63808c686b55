import type { PrometheusMetricsExporter } from '@temporalio/worker';

/**
 * How a Runtime is to export metrics for them to have the names, units and buckets of docs/metrics.md, which alert rules and
 * dashboard rely on: `prometheus: { ...PROMETHEUS_OPTIONS, bindAddress }`.
 */
export const PROMETHEUS_OPTIONS = {
  countersTotalSuffix: true,
  unitSuffix: true,
  useSecondsForDurations: true,
} as const satisfies Omit<PrometheusMetricsExporter['prometheus'], 'bindAddress'>;
