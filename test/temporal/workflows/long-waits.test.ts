import { describeWithTimeSkipping } from '../../../testing/temporal';
import { DAY_MS, virtualTime } from '../../../testing/virtual-time';

/** Two thousand polls, each of them real: 5 s on an idle machine. That virtual time stalls is noticed long before. */
const LIMIT_MS = 600_000;

describeWithTimeSkipping('a long wait', () => {
  const virtual = virtualTime();

  it(
    'lasts 21 days and ends with an item when the person finishes on the last one',
    async () => {
      const { key, linkToken } = await virtual.startFor(20.9 * DAY_MS);
      await virtual.pass(20.8 * DAY_MS);
      await virtual.person((sandbox) => sandbox.session(linkToken).open());
      await virtual.person((sandbox) => sandbox.session(linkToken).complete());
      expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
      expect(await virtual.events(key)).toBeLessThanOrEqual(45);
    },
    LIMIT_MS,
  );

  it('lasts a day in no more events than a minute', async () => {
    const { key, linkToken } = await virtual.startFor(2 * DAY_MS);
    await virtual.pass(DAY_MS);
    await virtual.person((sandbox) => sandbox.session(linkToken).open());
    await virtual.person((sandbox) => sandbox.session(linkToken).complete());
    expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
    expect(await virtual.events(key)).toBeLessThanOrEqual(45);
  });
});
