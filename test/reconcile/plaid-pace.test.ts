import { PlaidApiError } from '../../src/plaid/errors';
import { PlaidPace } from '../../src/reconcile';

test('calls begin no closer together than the rate allows', async () => {
  const pace = new PlaidPace(50);
  const begun: number[] = [];
  await Promise.all(
    Array.from({ length: 5 }, () => pace.call(async () => void begun.push(performance.now()))),
  );
  const span = begun.at(-1)! - begun[0]!;
  // Timers may fire a millisecond early.
  expect(span).toBeGreaterThanOrEqual(4 * 20 - 2);
});

test('what no time helps is not tried again', async () => {
  const gone = new PlaidApiError('/item/get', 'ITEM_ERROR', 'ITEM_NOT_FOUND', 400, 'request');
  const work = jest.fn().mockRejectedValue(gone);
  await expect(new PlaidPace(1_000).call(work)).rejects.toBe(gone);
  expect(work).toHaveBeenCalledTimes(1);
});
