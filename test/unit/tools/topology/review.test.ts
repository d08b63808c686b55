import { historyProblems, webhookProblems, type Step } from '../../../../tools/topology/review';

const KILLED_AT = 1_000;
const kill = {
  killedAt: KILLED_AT,
  killed: { name: 'worker 1', pid: 11 },
  left: { name: 'worker 2', pid: 22 },
};
const waiting = { atKill: 'WAITING' } as const;

function step(at: number, pid?: number, signal?: string): Step {
  return { at, identity: pid === undefined ? undefined : `${pid}@host`, signal };
}

const hint = step(1_100, undefined, 'checkNow');

describe('the histories of a session', () => {
  test('are right when a webhook hinted it, and the worker that was left brought it to its end', () => {
    expect(historyProblems(waiting, [step(900, 11), hint, step(1_200, 22)], kill)).toEqual([]);
  });

  test('of one that nobody hinted are not', () => {
    expect(historyProblems(waiting, [step(900, 11), step(1_200, 22)], kill)).toEqual([
      'no webhook hinted it',
    ]);
  });

  test('of one that nobody worked on after the kill are not', () => {
    expect(historyProblems(waiting, [hint, step(900, 22)], kill)).toEqual(['worker 2 did nothing of it']);
  });

  test('in which the dead worker goes on are not, also when a process id begins like its own', () => {
    expect(historyProblems(waiting, [hint, step(1_200, 22), step(1_300, 11)], kill)).toEqual([
      'worker 1 worked after its end',
    ]);
    expect(historyProblems(waiting, [hint, step(1_200, 22), step(1_300, 111)], kill)).toEqual([]);
  });

  test('of one that had ended before tell of no other worker', () => {
    expect(historyProblems({ atKill: 'ENDED' }, [hint, step(900, 11)], kill)).toEqual([]);
  });
});

describe("Plaid's webhooks", () => {
  const webhook = { url: '', webhookType: 'LINK', attempts: [] };

  test('are to be there, and all of them taken', () => {
    const taken = { ...webhook, webhookCode: 'SESSION_FINISHED', outcome: 'DELIVERED' } as const;
    const lost = { ...webhook, webhookCode: 'EVENTS', outcome: 'PENDING' } as const;
    expect(webhookProblems({ webhooks: [taken] })).toEqual([]);
    expect(webhookProblems({ webhooks: [taken, lost] })).toEqual(['a webhook EVENTS was PENDING']);
    expect(webhookProblems({ webhooks: [] })).toEqual(['Plaid sent no webhook']);
  });
});
