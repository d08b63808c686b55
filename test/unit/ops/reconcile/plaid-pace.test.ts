import { PlaidApiError } from '../../../../src/plaid/errors';
import { PlaidPace } from '../../../../src/ops/reconcile';

test('calls begin no closer together than the rate allows', async () => {
  const pace = new PlaidPace(50);
  const begun: number[] = [];
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: 5 }, () => pace.call(async () => void begun.push(performance.now()))),
  );
  // Timers may fire a millisecond early.
  begun.forEach((atMs, index) => expect(atMs - startedMs).toBeGreaterThanOrEqual(index * 20 - 2));
  expect(begun).toHaveLength(5);
});

test('what no time helps is not tried again', async () => {
  const gone = new PlaidApiError('/item/get', 'ITEM_ERROR', 'ITEM_NOT_FOUND', 400, 'request');
  const work = jest.fn().mockRejectedValue(gone);
  await expect(new PlaidPace(1_000).call(work)).rejects.toBe(gone);
  expect(work).toHaveBeenCalledTimes(1);
});
