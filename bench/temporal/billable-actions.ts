import type { HistoryEvent } from './history';

/** The search attribute in which the SDK keeps the patches of a workflow. */
const CHANGE_VERSION = 'TemporalChangeVersion';

/** The actions that Temporal Cloud would bill, by what for. */
export interface BillableActions {
  workflows: number;
  timers: number;
  searchAttributes: number;
  signals: number;
  updates: number;
  /** Local activities and patches: all of one workflow task are one. */
  markers: number;
  /** Each attempt of an activity. */
  activities: number;
}

/**
 * Counts by Temporal's published rules (docs.temporal.io/cloud/actions): a start is one, also by continue-as-new, a child is two
 * with the decision to start it; each timer, signal, update, upsert of search attributes and attempt of an activity is one; all
 * markers of one workflow task are one; an upsert of the SDK's own change versions is none. Queries and heartbeats stand in no history.
 *
 * No history has the attempts of an activity that was cancelled while it waited for its next one: that counts as one.
 *
 * @param runs the histories of all runs, those of child workflows too
 */
export function billableActions(runs: readonly HistoryEvent[][]): BillableActions {
  const count = (isOne: (event: HistoryEvent) => boolean) =>
    runs.reduce((sum, events) => sum + events.filter(isOne).length, 0);
  return {
    // A child's start is counted twice: by its parent's decision, and here.
    workflows:
      count((event) => event.workflowExecutionStartedEventAttributes != null) +
      count((event) => event.startChildWorkflowExecutionInitiatedEventAttributes != null),
    timers: count((event) => event.timerStartedEventAttributes != null),
    searchAttributes: count(isOwnUpsert),
    // Counted where they arrive, whoever sent them.
    signals: count((event) => event.workflowExecutionSignaledEventAttributes != null),
    updates: count((event) => event.workflowExecutionUpdateCompletedEventAttributes != null),
    markers: runs.reduce((sum, events) => sum + workflowTasksWithMarkers(events), 0),
    activities: runs.reduce((sum, events) => sum + attemptsOfActivities(events), 0),
  };
}

/** The sum of all kinds. */
export function totalActions(actions: BillableActions): number {
  return Object.values<number>({ ...actions }).reduce((sum, value) => sum + value, 0);
}

function attemptsOfActivities(events: readonly HistoryEvent[]): number {
  const attempts = new Map<string, number>();
  for (const event of events) {
    if (event.activityTaskScheduledEventAttributes) attempts.set(String(event.eventId), 1);
    const started = event.activityTaskStartedEventAttributes;
    if (started) attempts.set(String(started.scheduledEventId), started.attempt ?? 1);
  }
  return [...attempts.values()].reduce((sum, value) => sum + value, 0);
}

function isOwnUpsert({ upsertWorkflowSearchAttributesEventAttributes: upsert }: HistoryEvent): boolean {
  const names = Object.keys(upsert?.searchAttributes?.indexedFields ?? {});
  return names.some((name) => name !== CHANGE_VERSION);
}

function workflowTasksWithMarkers(events: readonly HistoryEvent[]): number {
  const tasks = events.flatMap(({ markerRecordedEventAttributes: marker }) =>
    marker ? [String(marker.workflowTaskCompletedEventId)] : [],
  );
  return new Set(tasks).size;
}
