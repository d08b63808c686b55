import { randomUUID } from 'node:crypto';
import type { StartRequest } from '../../src/client';
import type { ResultState } from '../../src/domain/states';
import { LINK_TOKEN_REQUEST } from '../../testing/plaid-calls';
import { onDevServer, startHarness, type Harness } from '../../testing/harness';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';

const MINUTE_MS = 60_000;

const [FIRST_BANK, SECOND_BANK] = ['ins_990001', 'ins_990002'];

describeWithDevServer('a hosted_link session of several banks', () => {
  let harness: Harness;
  afterAll(async () => await harness?.close(), MINUTE_MS);
  const server = devServer();
  beforeAll(async () => {
    harness = await startHarness(onDevServer(server), { now: Date.now });
  }, MINUTE_MS);

  /** A person whose sessions are those of one user id. */
  const newPerson = () => `customer-${randomUUID()}`;

  async function start(key: string, person = newPerson(), request: Partial<StartRequest> = {}) {
    const { url } = await harness.client.start({
      key,
      plaidFlow: 'hosted_link',
      linkTokenRequest: {
        ...LINK_TOKEN_REQUEST,
        user: { client_user_id: person },
        enable_multi_item_link: true,
      },
      ...request,
    });
    return harness.sandbox.session(url!.split('/').at(-1)!);
  }
  const itemsOf = async (key: string) => (await harness.client.status(key)).results;
  const statesOf = async (key: string) => (await itemsOf(key)).map(({ state }) => state);

  /** Asks until the results of a session are in these states, whatever their order. */
  async function knows(key: string, ...states: ResultState[]): Promise<void> {
    await harness.client.checkNow(key);
    const wanted = [...states].sort().join();
    await until(`${key} has ${wanted}`, async () => (await statesOf(key)).sort().join() === wanted);
  }
  const exchanges = (itemId: string | undefined) =>
    harness.sandbox
      .ledger()
      .toJSON()
      .publicTokens.find((token) => token.itemId === itemId)?.exchanges;

  it('has each bank linked while the person goes on, and tells once, after the last', async () => {
    const notify = `told-of-${randomUUID()}`;
    const told = await harness.temporal.workflow.start('somebodysWorkflow', {
      workflowId: notify,
      taskQueue: 'nobody',
      args: [],
    });
    const person = await start('one-by-one', newPerson(), { notify: [notify] });
    person.connect({ institutionId: FIRST_BANK });
    await knows('one-by-one', 'LINKED');
    expect((await harness.client.status('one-by-one')).state).toBe('WAITING');
    person.connect({ institutionId: SECOND_BANK });
    await knows('one-by-one', 'LINKED', 'LINKED');
    person.finish();
    await harness.client.checkNow('one-by-one');
    const { state, results, notices } = await harness.client.waitForFinalStatus('one-by-one');
    expect({ state, notices }).toEqual({
      state: 'COMPLETED',
      notices: [{ workflowId: notify, outcome: 'SIGNALLED' }],
    });
    expect(results.map(({ institutionName }) => institutionName)).toEqual([
      'Harbour & Hill Bank',
      'Meadowlark Credit Union',
    ]);
    for (const { itemId, linkSessionId } of results) {
      expect(linkSessionId).toEqual(expect.any(String));
      expect(exchanges(itemId)).toEqual({ succeeded: 1, refused: 0 });
    }
    const { events } = await told.fetchHistory();
    const signals = events!.flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
      signal ? [JSON.parse(Buffer.from(signal.input!.payloads![0]!.data!).toString()) as unknown] : [],
    );
    expect(signals).toEqual([
      { key: 'one-by-one', state: 'COMPLETED', itemIds: results.map(({ itemId }) => itemId) },
    ]);
    await told.terminate();
  });

  it('links one bank while Plaid refuses the other, and ends each in its own state', async () => {
    const person = await start('in-trouble');
    const refusing = (errorCode: string, errorType: string) =>
      harness.sandbox.fault(
        '/item/public_token/exchange',
        { kind: 'plaid_error', status: 400, errorType, errorCode },
        { matching: (body) => body['public_token'] === first, times: Infinity },
      );
    person.connect({ institutionId: FIRST_BANK });
    const first = harness.sandbox.ledger().toJSON().publicTokens.at(-1)!.publicToken;
    const mend = refusing('INSTITUTION_DOWN', 'INSTITUTION_ERROR');
    person.connect({ institutionId: SECOND_BANK });
    person.finish();
    await knows('in-trouble', 'PENDING', 'LINKED');
    mend();
    refusing('INVALID_FIELD', 'INVALID_REQUEST');
    const { results } = await harness.client.waitForFinalStatus('in-trouble');
    expect(results.map(({ state, errorCode }) => [state, errorCode]).sort()).toEqual([
      ['FAILED', 'INVALID_REQUEST/INVALID_FIELD'],
      ['LINKED', undefined],
    ]);
  });

  it('links an account once, however often and in however many sessions a person connects it', async () => {
    const customer = newPerson();
    const [one, two] = [await start('twice-at-once', customer), await start('meanwhile', customer)];
    for (const person of [one, one, two]) person.connect({ institutionId: FIRST_BANK });
    for (const person of [one, two]) person.finish();
    await Promise.all(['twice-at-once', 'meanwhile'].map((key) => harness.client.checkNow(key)));
    const reports = await Promise.all(
      ['twice-at-once', 'meanwhile'].map((key) => harness.client.waitForFinalStatus(key)),
    );
    const items = reports.flatMap((report) => report.results);
    expect(items.map(({ state }) => state).sort()).toEqual(['DUPLICATE', 'DUPLICATE', 'LINKED']);
    expect(new Set(items.map(({ itemId }) => itemId)).size).toBe(1);
    expect(exchanges(items[0]!.itemId)).toEqual({ succeeded: 1, refused: 0 });
  });

  it('links an account again when the caller wants that', async () => {
    const customer = newPerson();
    for (const key of ['first-time', 'once-more']) {
      const person = await start(key, customer, { allowDuplicates: key === 'once-more' });
      person.connect({ institutionId: FIRST_BANK });
      person.finish();
      await knows(key, 'LINKED');
    }
    const [first] = await itemsOf('first-time');
    const [second] = await itemsOf('once-more');
    expect(second!.itemId).not.toBe(first!.itemId);
  });
});
