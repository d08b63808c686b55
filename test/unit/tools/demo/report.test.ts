import { allIsWell, leakLines, verdictLines } from '../../../../tools/demo/report';
import type { Verdict } from '../../../../tools/demo/review';
import { SCENARIOS } from '../../../../tools/demo/scenarios';

const clean = { summary: 'searched 1 histories', problems: [] };
const leaky = { summary: 'searched 1 histories', problems: ['LEAK: one of the access tokens'] };

function verdict(problems: string[]): Verdict {
  const session = { scenario: SCENARIOS[0]!, key: 'demo-1', plaidSessionId: 'id', problem: undefined };
  return { session, end: 'COMPLETED, LINKED', problems };
}

it.each([
  ['all ended as they should and nothing leaked', [[], []], clean, true],
  ['one session did not end as it should', [[], ['state: expected COMPLETED, found FAILED']], clean, false],
  ['something leaked', [[], []], leaky, false],
  ['no session was verified', [], clean, false],
])('decides whether all is well in a demo in which %s', (_what, problems, leaks, well) => {
  expect(allIsWell(problems.map(verdict), leaks)).toBe(well);
});

it('prints what is not as it should be below the session, or below the search', () => {
  expect(verdictLines([verdict([]), verdict(['state: expected COMPLETED, found FAILED'])])).toEqual([
    '  ok  killed     COMPLETED, LINKED: the worker is killed in the middle of an exchange, and started again',
    '  BAD killed     COMPLETED, LINKED: the worker is killed in the middle of an exchange, and started again',
    '      state: expected COMPLETED, found FAILED',
  ]);
  expect(leakLines(leaky)).toEqual([
    'Leak scan: searched 1 histories. It FAILED:',
    '  LEAK: one of the access tokens',
  ]);
});
