import type { ItemRow } from '../../src/vault';
import type { LeakVerdict } from '../../testing/leak-search';
import type { Verdict } from './review';
import { SCENARIOS } from './scenarios';

const NAME_WIDTH = Math.max(...SCENARIOS.map(({ name }) => name.length));

/** How each session ended, and whether that is right. */
export function verdictLines(verdicts: readonly Verdict[]): string[] {
  return verdicts.flatMap(({ session: { scenario }, end, problems }) => [
    `  ${problems.length === 0 ? 'ok ' : 'BAD'} ${scenario.name.padEnd(NAME_WIDTH)}  ${end}: ${scenario.shows}`,
    ...problems.map((problem) => `      ${problem}`),
  ]);
}

/** An item as it may be shown. */
export function itemLine({ itemId, institutionName, sessionKey }: ItemRow): string {
  return `  ${itemId}  ${institutionName ?? '(not described yet)'}  (session ${sessionKey})`;
}

/** What the search came to. */
export function leakLines({ summary, problems }: LeakVerdict): string[] {
  const result = problems.length === 0 ? 'It found none.' : 'It FAILED:';
  return [`Leak scan: ${summary}. ${result}`, ...problems.map((problem) => `  ${problem}`)];
}

/** True when every session ended as it should, and the search found nothing and proves it. */
export function allIsWell(verdicts: readonly Pick<Verdict, 'problems'>[], leaks: LeakVerdict): boolean {
  return (
    verdicts.length > 0 &&
    verdicts.every(({ problems }) => problems.length === 0) &&
    leaks.problems.length === 0
  );
}
