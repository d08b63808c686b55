import { temporal } from '@temporalio/proto';
import { billableActions, totalActions } from '../../../bench/temporal/billable-actions';
import type { HistoryEvent } from '../../../bench/temporal/history';

/** A history of these events, numbered from 1. */
function history(...events: object[]): HistoryEvent[] {
  return events.map((event, index) =>
    temporal.api.history.v1.HistoryEvent.fromObject({ eventId: index + 1, ...event }),
  );
}

const started = { workflowExecutionStartedEventAttributes: {} };

describe("billable actions by Temporal Cloud's rules", () => {
  it('count each attempt of an activity, and one of an activity that was cancelled before it began', () => {
    const actions = billableActions([
      history(
        { activityTaskScheduledEventAttributes: {} },
        { activityTaskStartedEventAttributes: { scheduledEventId: 1, attempt: 7 } },
        { activityTaskScheduledEventAttributes: {} },
        { activityTaskCanceledEventAttributes: { scheduledEventId: 3 } },
      ),
    ]);
    expect(actions.activities).toBe(8);
  });

  it('count all markers of one workflow task as one', () => {
    const marker = (workflowTaskCompletedEventId: number) => ({
      markerRecordedEventAttributes: { workflowTaskCompletedEventId },
    });
    expect(billableActions([history(marker(4), marker(4), marker(9))]).markers).toBe(2);
  });

  it('count a child as two, a continued run as one, and a signal where it arrives', () => {
    const parent = history(
      started,
      { startChildWorkflowExecutionInitiatedEventAttributes: {} },
      { signalExternalWorkflowExecutionInitiatedEventAttributes: {} },
    );
    const child = history(started, { workflowExecutionSignaledEventAttributes: {} });
    expect(billableActions([parent, child])).toMatchObject({ workflows: 3, signals: 1 });
    expect(totalActions(billableActions([history(started), history(started)]))).toBe(2);
  });

  it("leave out the SDK's own search attribute, and count timers, updates and upserts", () => {
    const upsert = (name: string) => ({
      upsertWorkflowSearchAttributesEventAttributes: { searchAttributes: { indexedFields: { [name]: {} } } },
    });
    const actions = billableActions([
      history(
        upsert('TemporalChangeVersion'),
        upsert('HostedLinkState'),
        { timerStartedEventAttributes: {} },
        { workflowExecutionUpdateAcceptedEventAttributes: {} },
        { workflowExecutionUpdateCompletedEventAttributes: {} },
      ),
    ]);
    expect(actions).toMatchObject({ searchAttributes: 1, timers: 1, updates: 1 });
    expect(totalActions(actions)).toBe(3);
  });
});
