import type { Sandbox } from '../../../src/sandbox';
import { startSandbox } from '../../../src/sandbox';
import { fakeTimeouts } from '../../../testing/fake-timeouts';
import type { Bench } from '../../../testing/plaid-calls';
import { LINK_TOKEN_REQUEST, SECRET, startBench } from '../../../testing/plaid-calls';

let bench: Bench | undefined;
afterEach(() => bench?.close());

async function start(
  options?: Parameters<typeof startBench>[0],
): Promise<{ bench: Bench; sandbox: Sandbox }> {
  bench = await startBench(options);
  return { bench, sandbox: bench.sandbox };
}

const statuses = (sandbox: Sandbox): string[][] =>
  sandbox
    .ledger()
    .toJSON()
    .sessions.map(({ history }) => history.map(({ status }) => status));

describe('a session', () => {
  test('goes through the statuses that a person brings about, each with its time', async () => {
    let clock = Date.parse('2030-01-01T00:00:00Z');
    const { bench, sandbox } = await start({ now: () => (clock += 1_000) });
    const session = sandbox.session(await bench.deliver());
    session.open();
    session.exit();
    session.open();
    session.complete();
    expect(session.status).toBe('COMPLETED');
    expect(statuses(sandbox)).toEqual([['CREATED', 'OPENED', 'EXITED', 'OPENED', 'COMPLETED']]);
    const times = sandbox
      .ledger()
      .toJSON()
      .sessions[0]!.history.map(({ at }) => at);
    expect(times).toEqual([...times].sort());
    expect(new Set(times).size).toBe(times.length);
  });

  test('that was never opened is opened on the way to its end', async () => {
    const { bench, sandbox } = await start();
    sandbox.session(await bench.deliver()).complete();
    sandbox.session(await bench.deliver()).exit();
    expect(statuses(sandbox)).toEqual([
      ['CREATED', 'OPENED', 'COMPLETED'],
      ['CREATED', 'OPENED', 'EXITED'],
    ]);
  });

  test('that is opened again while open has not changed', async () => {
    const { bench, sandbox } = await start();
    const session = sandbox.session(await bench.deliver());
    session.open();
    session.open();
    expect(statuses(sandbox)).toEqual([['CREATED', 'OPENED']]);
  });

  test('is found by its link token as well as by its id', async () => {
    const { bench, sandbox } = await start();
    const linkToken = sandbox.issueLinkToken();
    const sessionId = await bench.deliver(linkToken);
    sandbox.session(linkToken).open();
    expect(sandbox.session(sessionId).status).toBe('OPENED');
  });

  test('does not exist before its create', async () => {
    const { sandbox } = await start();
    expect(() => sandbox.session(sandbox.issueLinkToken())).toThrow(/No session yet/);
  });

  test.each(['COMPLETED', 'EXPIRED'] as const)('that is %s stays so', async (end) => {
    const { bench, sandbox } = await start();
    const session = sandbox.session(await bench.deliver());
    if (end === 'COMPLETED') session.complete();
    else session.expire();
    for (const move of ['open', 'exit', 'complete', 'expire'] as const) {
      expect(() => session[move]()).toThrow(new RegExp(`A session that is ${end}`));
    }
    expect(session.status).toBe(end);
  });

  test('that expired unseen carries the time of its expiration', async () => {
    let clock = Date.parse('2030-01-01T00:00:00Z');
    const { bench, sandbox } = await start({ now: () => clock, linkTokenLifetimeMs: 60_000 });
    await bench.deliver();
    clock += 3_600_000;
    expect(sandbox.ledger().toJSON().sessions[0]!.history.at(-1)).toEqual({
      status: 'EXPIRED',
      at: '2030-01-01T00:01:00.000Z',
    });
  });

  test('makes as many items as its link token says, at banks in turn', async () => {
    const { bench, sandbox } = await start();
    sandbox.session(await bench.deliver(sandbox.issueLinkToken({ items: 3 }))).complete();
    const { items, sessions } = sandbox.ledger().toJSON();
    expect(items.map((item) => item.institutionId)).toEqual(['ins_990001', 'ins_990002', 'ins_990003']);
    expect(sessions[0]!.itemIds).toEqual(items.map((item) => item.itemId));
  });

  test('cannot be finished at a bank that does not exist', async () => {
    const { bench, sandbox } = await start();
    const session = sandbox.session(await bench.deliver());
    expect(() => session.complete({ institutionId: 'ins_1' })).toThrow('no institution ins_1');
    expect(session.status).toBe('CREATED');
  });

  test('made by a hosted link token request hands out public tokens', async () => {
    const { bench, sandbox } = await start();
    const { json } = await bench.post('/link/token/create', { ...LINK_TOKEN_REQUEST, hosted_link: {} });
    sandbox.session(json.link_token).complete();
    const { publicTokens, items } = sandbox.ledger().toJSON();
    expect(publicTokens).toHaveLength(1);
    expect(items).toEqual([]);
  });
});

describe('sessions that drive themselves', () => {
  // The moves of a person take seconds, the requests that make sessions are real.
  beforeEach(() => fakeTimeouts());
  afterEach(() => jest.useRealTimers());

  async function untilCompleted(sandbox: Sandbox, count: number): Promise<void> {
    const completed = () => statuses(sandbox).filter((history) => history.at(-1) === 'COMPLETED').length;
    // Four moves of at most 1.5 s each.
    await jest.advanceTimersByTimeAsync(6_000);
    expect(completed()).toBe(count);
  }

  async function drive(count: number, seed: number): Promise<{ paths: string[]; banks: string[] }> {
    const bench = await startBench({ auto: true, seed });
    const { sandbox } = bench;
    for (let made = 0; made < count; made += 1) await bench.deliver();
    await untilCompleted(sandbox, count);
    await bench.close();
    const { sessions, items } = sandbox.ledger().toJSON();
    return {
      paths: statuses(sandbox).map((history) => history.join(' ')),
      banks: sessions.map(
        ({ itemIds: [itemId] }) => items.find((item) => item.itemId === itemId)!.institutionId,
      ),
    };
  }

  test('end as COMPLETED, some after a person has left and come back', async () => {
    const { paths } = await drive(8, 3);
    expect(new Set(paths)).toEqual(
      new Set(['CREATED OPENED COMPLETED', 'CREATED OPENED EXITED OPENED COMPLETED']),
    );
  });

  test('do the same again with the same seed', async () => {
    const [first, again, other] = [await drive(6, 7), await drive(6, 7), await drive(6, 8)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  test('leave a session alone that ended meanwhile', async () => {
    const { bench, sandbox } = await start({ auto: true });
    const expired = sandbox.session(await bench.deliver());
    expired.expire();
    const other = sandbox.session(await bench.deliver());
    await untilCompleted(sandbox, 1);
    expect(other.status).toBe('COMPLETED');
    expect(expired.status).toBe('EXPIRED');
  });
});

describe('the ledger', () => {
  test('knows every secret that was issued or received', async () => {
    const { bench, sandbox } = await start({ tokenShape: 'public_tokens' });
    const linkToken = sandbox.issueLinkToken();
    const { json: created } = await bench.post('/link_delivery/create', {
      link_token: linkToken,
      options: {
        recipient: {
          communication_methods: [
            { method: 'SMS', address: '+14155550123' },
            { method: 'EMAIL', address: 'pat@example.com' },
          ],
        },
      },
    });
    sandbox.session(linkToken).complete();
    const { json: got } = await bench.post('/link_delivery/get', {
      link_delivery_session_id: created.link_delivery_session_id,
    });
    const { json: exchanged } = await bench.post('/item/public_token/exchange', {
      public_token: got.public_tokens[0],
    });
    await bench.post('/link/token/create', {
      ...LINK_TOKEN_REQUEST,
      user: { client_user_id: 'u1', phone_number: '+14155550199', email_address: 'sam@example.com' },
    });
    await bench.post(
      '/item/get',
      { access_token: 'access-sandbox-foreign' },
      { 'plaid-secret': 'a_wrong_secret' },
    );

    expect(sandbox.ledger().secrets()).toEqual(
      expect.arrayContaining([
        SECRET,
        'a_wrong_secret',
        linkToken,
        created.link_delivery_session_id,
        created.link_delivery_url,
        got.public_tokens[0],
        exchanged.access_token,
        'access-sandbox-foreign',
        '+14155550123',
        '+14155550199',
        'pat@example.com',
        'sam@example.com',
      ]),
    );
  });

  test('knows a secret that only a failed request carried', async () => {
    const { bench, sandbox } = await start();
    sandbox.outage();
    await bench.post('/item/public_token/exchange', { public_token: 'public-sandbox-foreign' });
    expect(sandbox.ledger().secrets()).toContain('public-sandbox-foreign');
  });

  test('takes no short word for a secret', async () => {
    const { bench, sandbox } = await start();
    await bench.post('/item/get', { access_token: 'x', public_token: '' });
    expect(sandbox.ledger().secrets()).toEqual([SECRET]);
  });

  test('is JSON, with the same secrets', async () => {
    const { bench, sandbox } = await start();
    sandbox.session(await bench.deliver()).complete();
    const json = JSON.stringify(sandbox.ledger());
    for (const secret of sandbox.ledger().secrets()) expect(json).toContain(secret);
  });
});

test('a port that is taken is refused', async () => {
  const { sandbox } = await start();
  const port = Number(new URL(sandbox.url).port);
  await expect(startSandbox({ port, clientId: 'any', secret: 'any' })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});
