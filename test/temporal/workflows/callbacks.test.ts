import { WorkflowFailedError } from '@temporalio/client';
import { callbacksWorkflowId } from '../../../src/domain/ids';
import { startCallbackReceiver, type CallbackReceiver } from '../../../testing/callback-receiver';
import { describeWithTimeSkipping } from '../../../testing/temporal';
import { DAY_MS, HOUR_MS, MINUTE_MS, virtualTime } from '../../../testing/virtual-time';

describeWithTimeSkipping('callbacks over days', () => {
  let receiver: CallbackReceiver;
  beforeAll(async () => {
    receiver = await startCallbackReceiver();
  });
  afterAll(() => receiver.close());
  const virtual = virtualTime(
    {},
    {
      get callbacks() {
        return receiver.settings;
      },
    },
  );

  const callbacksOf = async (key: string) => (await virtual.harness.client.status(key)).callbacks;

  it('are taken by a receiver that was away for two days, with attempts that grow rare', async () => {
    receiver.answer('away', 503);
    const { key } = await virtual.start({ key: 'away' }, { lifetimeMs: 30 * MINUTE_MS });
    await virtual.result(key);
    await virtual.pass(2 * DAY_MS);
    expect(await callbacksOf(key)).toMatchObject([{ state: 'PENDING' }]);
    const attempts = receiver.about(key).length;
    // 10 s, doubled up to 2 h: 11 in the first 3 h, then one each 2 h.
    expect(attempts).toBeGreaterThan(25);
    expect(attempts).toBeLessThan(40);
    receiver.answer(key, 204);
    await virtual.passUntil(
      'it is taken',
      async () => (await callbacksOf(key))[0]?.state === 'DELIVERED',
      HOUR_MS,
    );
    expect(receiver.about(key)).toHaveLength(attempts + 1);
  });

  it('are given up after three days', async () => {
    receiver.answer('never', 404);
    const { key } = await virtual.start({ key: 'never' }, { lifetimeMs: 30 * MINUTE_MS });
    await virtual.result(key);
    const end = virtual.harness.temporal.workflow.getHandle(callbacksWorkflowId(key)).result();
    await expect(end).rejects.toThrow(WorkflowFailedError);
    expect(await callbacksOf(key)).toMatchObject([{ state: 'GIVEN_UP', answer: 'HTTP_404' }]);
    expect(receiver.about(key).length).toBeGreaterThan(40);
  });
});
