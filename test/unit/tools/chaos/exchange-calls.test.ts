import { ExchangeCalls, sha256 } from '../../../../tools/chaos/exchange-calls';
import type { Fault } from '../../../../src/sandbox';
import { startBench, type Bench } from '../../../../testing/plaid-calls';

let bench: Bench;
let publicToken: string;

beforeEach(async () => {
  bench = await startBench({ tokenShape: 'public_tokens' });
  bench.sandbox.session(await bench.deliver()).complete();
  [publicToken] = bench.sandbox.ledger().toJSON().secrets.publicTokens as [string];
});
afterEach(() => bench.close());

it.each<[string, Fault | undefined, string]>([
  ['ANSWERED without a fault', undefined, 'ANSWERED'],
  ['ANSWERED when the answer is only slow', { kind: 'delay_after_work', holdMs: 10 }, 'ANSWERED'],
  ['ANSWER_LOST when the connection ends after the work', { kind: 'reset_after_work' }, 'ANSWER_LOST'],
  ['ANSWER_LOST when it ends in the answer', { kind: 'reset_in_answer' }, 'ANSWER_LOST'],
  ['ANSWER_LOST behind a page', { kind: 'html', status: 504, afterWork: true }, 'ANSWER_LOST'],
  ['NOT_DONE when the connection ends before the work', { kind: 'reset_before_work' }, 'NOT_DONE'],
  ['NOT_DONE behind a page that came instead', { kind: 'html', status: 502 }, 'NOT_DONE'],
])('enters a call as %s', async (_, fault, fate) => {
  const record = new ExchangeCalls();
  const stop = record.observe(bench.sandbox);
  if (fault) {
    const matching = (body: object) => {
      record.met(body, fault);
      return true;
    };
    bench.sandbox.fault('/item/public_token/exchange', fault, { matching });
  }
  const exchange = () => bench.post('/item/public_token/exchange', { public_token: publicToken });
  await exchange().catch(() => undefined);
  expect(record.calls).toEqual([{ resultId: sha256(publicToken), at: expect.any(Number), fate }]);
  expect(bench.sandbox.ledger().toJSON().items).toHaveLength(fate === 'NOT_DONE' ? 0 : 1);
  stop();
  await exchange();
  expect(record.calls).toHaveLength(1);
});
