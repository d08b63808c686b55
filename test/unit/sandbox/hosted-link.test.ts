import type { SessionHandle } from '../../../src/sandbox';
import type { Answer, Bench } from '../../../testing/plaid-calls';
import { LINK_TOKEN_REQUEST, startBench } from '../../../testing/plaid-calls';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.parse('2030-01-01T00:00:00Z');
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let bench: Bench;
let clock: number;

beforeEach(async () => {
  clock = START;
  bench = await startBench({ now: () => clock });
});
afterEach(() => bench.close());

/** Makes a hosted link token, and gives it with the person who has its URL. */
async function hosted(more: object = {}): Promise<{ linkToken: string; person: SessionHandle }> {
  const { json } = await bench.post('/link/token/create', {
    ...LINK_TOKEN_REQUEST,
    hosted_link: {},
    ...more,
  });
  return { linkToken: json.link_token, person: bench.sandbox.session(json.link_token) };
}

const get = (linkToken: string): Promise<Answer> => bench.post('/link/token/get', { link_token: linkToken });
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test looks at whatever came
const linkSessions = async (linkToken: string): Promise<any[]> => (await get(linkToken)).json.link_sessions;

describe('/link/token/get', () => {
  test('tells what the link token was made from, before anybody has opened it', async () => {
    const { linkToken } = await hosted({
      products: ['auth', 'transactions'],
      webhook: 'https://app.example/hook',
      redirect_uri: 'https://app.example/back',
      account_filters: { depository: { account_subtypes: ['checking'] } },
    });
    const { status, json } = await get(linkToken);
    expect(status).toBe(200);
    expect(json).toEqual({
      link_token: linkToken,
      created_at: '2030-01-01T00:00:00.000Z',
      expiration: '2030-01-01T00:30:00.000Z',
      link_sessions: [],
      metadata: {
        initial_products: ['auth', 'transactions'],
        country_codes: ['US'],
        language: 'en',
        client_name: 'Acme Lending',
        webhook: 'https://app.example/hook',
        redirect_uri: 'https://app.example/back',
        account_filters: { depository: { account_subtypes: ['checking'] } },
      },
      request_id: expect.any(String),
    });
  });

  test('answers for a link token that is not hosted', async () => {
    const { json } = await bench.post('/link/token/create', LINK_TOKEN_REQUEST);
    expect((await get(json.link_token)).json).toMatchObject({
      link_sessions: [],
      metadata: { webhook: null, redirect_uri: null },
    });
  });

  test('shows an open link session without an end', async () => {
    const { linkToken, person } = await hosted();
    clock += MINUTE;
    person.open();
    expect(await linkSessions(linkToken)).toEqual([
      {
        link_session_id: expect.stringMatching(UUID),
        started_at: '2030-01-01T00:01:00.000Z',
        finished_at: null,
        events: [expect.objectContaining({ event_name: 'OPEN' })],
        results: null,
        exit: null,
        on_success: null,
        on_exit: null,
      },
    ]);
  });

  test('shows a result with its public token, its accounts and its bank, and the deprecated copy of it', async () => {
    const { linkToken, person } = await hosted();
    person.complete({ institutionId: 'ins_990004', accounts: ['joint', 'card'] });
    const [session] = await linkSessions(linkToken);
    const publicToken = expect.stringMatching(/^public-sandbox-/);
    const institution = { name: 'Tallgrass Mutual', institution_id: 'ins_990004' };
    const account = {
      id: expect.stringMatching(/^[A-Za-z0-9]{37}$/),
      verification_status: null,
      class_type: null,
    };
    const accounts = [
      { ...account, name: 'Joint Account', mask: '2261', type: 'depository', subtype: 'checking' },
      { ...account, name: 'Blue Card', mask: '9034', type: 'credit', subtype: 'credit card' },
    ];
    expect(session.results).toEqual({
      item_add_results: [{ public_token: publicToken, accounts, institution }],
      cra_item_add_results: [],
      cra_update_results: [],
      bank_income_results: [],
      payroll_income_results: [],
      document_income_results: null,
    });
    expect(session.on_success).toEqual({
      public_token: session.results.item_add_results[0].public_token,
      metadata: { accounts, institution, link_session_id: session.link_session_id, transfer_status: null },
    });
    expect(session).toMatchObject({ exit: null, on_exit: null });
    const exchanged = await bench.post('/item/public_token/exchange', {
      public_token: session.results.item_add_results[0].public_token,
    });
    expect(exchanged.json.item_id).toBe(bench.sandbox.ledger().toJSON().items[0]!.itemId);
  });

  test('gives the end of a link session with nine digits after the second', async () => {
    const { linkToken, person } = await hosted();
    clock += 1_234;
    person.complete();
    const [{ finished_at: finishedAt }] = await linkSessions(linkToken);
    expect(finishedAt).toMatch(/^2030-01-01T00:00:01\.234\d{6}Z$/);
    expect(Date.parse(finishedAt)).toBe(clock);
  });

  test('lists the events of a link session, each with an id of its own, not in the order of time', async () => {
    const { linkToken, person } = await hosted();
    person.open();
    clock += MINUTE;
    person.complete({ institutionId: 'ins_990001' });
    const [{ events }] = await linkSessions(linkToken);
    expect(events.map((event: { event_name: string }) => event.event_name)).toEqual([
      'HANDOFF',
      'SUBMIT_CREDENTIALS',
      'SELECT_INSTITUTION',
      'OPEN',
    ]);
    expect(events[2]).toEqual({
      event_name: 'SELECT_INSTITUTION',
      event_id: expect.stringMatching(UUID),
      timestamp: '2030-01-01T00:01:00.000Z',
      event_metadata: {
        institution_id: 'ins_990001',
        institution_name: 'Harbour & Hill Bank',
        request_id: expect.any(String),
      },
    });
    expect(new Set(events.map((event: { event_id: string }) => event.event_id)).size).toBe(4);
  });

  test('shows a person who left, came back and finished as two link sessions', async () => {
    const { linkToken, person } = await hosted();
    person.exit({ status: 'requires_code', error: { errorType: 'ITEM_ERROR', errorCode: 'INVALID_MFA' } });
    person.open();
    person.open();
    person.complete();
    const [first, second, ...more] = await linkSessions(linkToken);
    expect(more).toEqual([]);
    expect(first).toMatchObject({
      finished_at: expect.any(String),
      results: null,
      on_success: null,
      exit: {
        error: { error_type: 'ITEM_ERROR', error_code: 'INVALID_MFA', display_message: null },
        metadata: {
          institution: null,
          status: 'requires_code',
          link_session_id: first.link_session_id,
          request_id: expect.any(String),
        },
      },
    });
    expect(first.on_exit).toEqual(first.exit);
    expect(second.results.item_add_results).toHaveLength(1);
    expect(second.link_session_id).not.toBe(first.link_session_id);
  });

  test('shows an exit without an error as one', async () => {
    const { linkToken, person } = await hosted();
    person.exit();
    expect((await linkSessions(linkToken))[0].exit).toMatchObject({
      error: null,
      metadata: { status: 'requires_credentials' },
    });
  });

  test('shows each of several results as it comes, and the link session open until the person finishes', async () => {
    const { linkToken, person } = await hosted({ enable_multi_item_link: true });
    const shown: number[] = [];
    for (let connected = 0; connected < 3; connected += 1) {
      person.connect();
      const [session] = await linkSessions(linkToken);
      expect(session).toMatchObject({ finished_at: null, on_success: null, exit: null });
      shown.push(session.results.item_add_results.length);
    }
    expect(shown).toEqual([1, 2, 3]);
    person.finish();
    const [session] = await linkSessions(linkToken);
    expect(session.finished_at).not.toBeNull();
    const tokens = session.results.item_add_results.map(
      (result: { public_token: string }) => result.public_token,
    );
    expect(new Set(tokens).size).toBe(3);
    expect(session.on_success.public_token).toBe(tokens[0]);
    const banks = session.results.item_add_results.map(
      (result: { institution: { institution_id: string } }) => result.institution.institution_id,
    );
    expect(banks).toEqual(['ins_990001', 'ins_990002', 'ins_990003']);
  });

  test('keeps the results of a person who connected a bank and left', async () => {
    const { linkToken, person } = await hosted({ enable_multi_item_link: true });
    person.connect();
    person.exit();
    const [session] = await linkSessions(linkToken);
    expect(session.results.item_add_results).toHaveLength(1);
    expect(session.exit).not.toBeNull();
  });

  test('gives the same accounts of the same bank other ids in another session', async () => {
    const results = [];
    for (let count = 0; count < 2; count += 1) {
      const { linkToken, person } = await hosted();
      person.complete({ institutionId: 'ins_990003', accounts: ['notice'] });
      results.push((await linkSessions(linkToken))[0].results.item_add_results[0]);
    }
    const [first, second] = results.map(({ accounts: [account] }) => account);
    expect([first.name, first.mask]).toEqual([second.name, second.mask]);
    expect(first.id).not.toBe(second.id);
  });

  test('forgets a link session six hours after its end, and an abandoned one six hours after its link token', async () => {
    const { linkToken, person } = await hosted({ hosted_link: { url_lifetime_seconds: 7_200 } });
    person.exit();
    clock += HOUR;
    person.open();
    expect(await linkSessions(linkToken)).toHaveLength(2);
    clock = START + 6 * HOUR - 1;
    expect(await linkSessions(linkToken)).toHaveLength(2);
    clock += 1;
    expect(await linkSessions(linkToken)).toHaveLength(1);
    clock = START + 8 * HOUR - 1;
    expect(await linkSessions(linkToken)).toMatchObject([{ finished_at: null, results: null, exit: null }]);
    clock += 1;
    expect(await linkSessions(linkToken)).toEqual([]);
  });

  test('in the shape of older versions has neither results nor exit', async () => {
    const older = await startBench({ linkSessionShape: 'on_success' });
    try {
      const { json: created } = await older.post('/link/token/create', {
        ...LINK_TOKEN_REQUEST,
        hosted_link: {},
      });
      older.sandbox.session(created.link_token).exit();
      older.sandbox.session(created.link_token).complete();
      const { json } = await older.post('/link/token/get', { link_token: created.link_token });
      const [left, finished] = json.link_sessions;
      for (const session of [left, finished]) {
        expect(Object.keys(session).sort()).toEqual([
          'events',
          'finished_at',
          'link_session_id',
          'on_exit',
          'on_success',
          'started_at',
        ]);
      }
      expect(left.on_exit.metadata.status).toBe('requires_credentials');
      expect(finished.on_success.public_token).toMatch(/^public-sandbox-/);
    } finally {
      await older.close();
    }
  });

  test('answers for an expired link token, or refuses it, as the sandbox was told', async () => {
    const strict = await startBench({ now: () => clock, refuseExpired: true });
    try {
      for (const [each, status] of [
        [bench, 200],
        [strict, 400],
      ] as const) {
        const { json } = await each.post('/link/token/create', { ...LINK_TOKEN_REQUEST, hosted_link: {} });
        clock += 30 * MINUTE;
        const answer = await each.post('/link/token/get', { link_token: json.link_token });
        expect(answer.status).toBe(status);
        if (status === 400) expect(answer.json.error_code).toBe('INVALID_LINK_TOKEN');
      }
    } finally {
      await strict.close();
    }
  });

  test('refuses an unknown link token, and one of another environment', async () => {
    for (const environment of ['sandbox', 'production']) {
      const { json } = await get(`link-${environment}-99ace160-3cf7-4e51-a083-403633425815`);
      expect([json.error_type, json.error_code]).toEqual(['INVALID_INPUT', 'INVALID_LINK_TOKEN']);
    }
    expect((await bench.post('/link/token/get', {})).json.error_code).toBe('MISSING_FIELDS');
  });
});

describe('a person on the hosted page of a link token', () => {
  test('is a link session from the first look on', async () => {
    const { linkToken } = await hosted();
    await bench.send('GET', `/hl/${linkToken.slice('link-sandbox-'.length)}`);
    expect(await linkSessions(linkToken)).toMatchObject([{ finished_at: null }]);
  });

  test('cannot finish without a bank', async () => {
    const { person } = await hosted();
    expect(() => person.finish()).toThrow('without a bank');
    expect(() => person.complete({ accounts: ['none'] })).toThrow('has no account none');
  });

  test('leaves no trace when the time runs out first', async () => {
    const { linkToken, person } = await hosted();
    clock += 30 * MINUTE;
    expect(() => person.open()).toThrow('EXPIRED');
    expect(await linkSessions(linkToken)).toEqual([]);
    expect(person.status).toBe('EXPIRED');
  });
});

test('the ledger knows the link sessions of each session', async () => {
  const { person } = await hosted();
  person.exit({ status: 'institution_not_found' });
  person.complete({ items: 2 });
  const { sessions } = bench.sandbox.ledger().toJSON();
  expect(sessions[0]!.linkSessions).toMatchObject([
    { results: 0, exitStatus: 'institution_not_found' },
    { results: 2, exitStatus: null, startedAt: '2030-01-01T00:00:00.000Z' },
  ]);
});
