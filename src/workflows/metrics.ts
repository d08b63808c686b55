import { metricMeter } from '@temporalio/workflow';
import { emitters, WORKFLOW_METRICS } from '../domain/metrics';

/** Emits metrics from workflow code, except during a replay. */
export const metrics = emitters(WORKFLOW_METRICS, metricMeter);
