import { readSettings } from '../../../../src/config/settings';
import { checkPlaidClock, compareClock } from '../../../../src/ops/doctor/clock';
import { startSandbox } from '../../../../src/sandbox';

const NOON = Date.parse('2026-01-31T12:00:00Z');
const ASKED = { askedMs: NOON, answeredMs: NOON + 2_000 };

describe('a clock', () => {
  it.each([
    ['the same', 1_000, 'ok', 'as ours'],
    ['as far ahead as its answer took', 2_000, 'ok', 'as ours'],
    ['a little ahead', 6_999, 'ok', 'as ours'],
    ['5 s ahead', 7_000, 'warning', '5 s ahead of ours'],
    ['a minute ahead', 62_000, 'problem', '60 s ahead of ours'],
    ['5 s behind', -5_000, 'warning', '5 s behind ours'],
    ['a minute behind', -60_000, 'problem', '60 s behind ours'],
  ])(
    'that is %s counts as such, with what the question took in its favour',
    (_what, byMs, level, message) => {
      expect(compareClock('clock', NOON + byMs, ASKED)).toMatchObject({ level, message });
    },
  );

  it('of Plaid’s is read from an answer to a question without keys', async () => {
    const sandbox = await startSandbox({ clientId: 'doctor', secret: 'doctor-plaid-secret' });
    try {
      const settings = readSettings({ PLAID_BASE_URL: sandbox.url });
      expect(await checkPlaidClock(settings)).toEqual([
        { check: "Plaid's clock", level: 'ok', message: 'as ours', remedy: undefined },
      ]);
      await sandbox.close();
      expect(await checkPlaidClock(settings)).toMatchObject([{ level: 'warning' }]);
    } finally {
      await sandbox.close();
    }
  });
});
