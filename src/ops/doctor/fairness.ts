import { ok, type Finding } from './finding';

/** The server tells nobody whether its fairness is on; so this only says what it depends on. */
export function checkFairness(): Finding[] {
  return [
    ok(
      'fairness',
      'not to be known from outside: fairness keys count where the Temporal server has matching.useNewMatcher and matching.enableFairness on',
    ),
  ];
}
