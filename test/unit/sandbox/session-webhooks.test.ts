import { startWebhookBench, type WebhookBench } from '../../../testing/sandbox-webhooks';

const MINUTE = 60_000;

let bench: WebhookBench;
beforeEach(async () => {
  bench = await startWebhookBench();
});
afterEach(() => bench.close());

describe('a hosted_link session', () => {
  test('tells of its result and its end, with the public token and what the person did', async () => {
    const { linkToken, person } = await bench.hosted();
    person.complete({ institutionId: 'ins_990003' });
    await bench.taken(3);
    const { json } = await bench.post('/link/token/get', { link_token: linkToken });
    const [{ link_session_id, results, events }] = json.link_sessions;
    const [{ public_token: publicToken }] = results.item_add_results;
    const link = { webhook_type: 'LINK', link_token: linkToken, link_session_id, environment: 'sandbox' };
    expect(bench.bodies()).toEqual([
      { ...link, webhook_code: 'ITEM_ADD_RESULT', public_token: publicToken },
      { ...link, webhook_code: 'SESSION_FINISHED', status: 'SUCCESS', public_tokens: [publicToken] },
      { ...link, webhook_code: 'EVENTS', events: expect.any(Array) },
    ]);
    const ids = (list: { event_id: string }[]): string[] => list.map(({ event_id }) => event_id);
    expect(ids(bench.bodies()[2].events)).toEqual(ids(events));
  });

  test('tells of each of several results as it comes, and of all of them at the end', async () => {
    const { person } = await bench.hosted({ enable_multi_item_link: true });
    person.connect();
    await bench.taken(1);
    person.connect();
    await bench.taken(2);
    person.finish();
    await bench.taken(4);
    const [first, second, finished] = bench.bodies();
    expect(bench.codes()).toEqual(['ITEM_ADD_RESULT', 'ITEM_ADD_RESULT', 'SESSION_FINISHED', 'EVENTS']);
    expect(finished.public_tokens).toEqual([first.public_token, second.public_token]);
  });

  test('tells of each visit: the one that the person left, and the one that made it', async () => {
    const { person } = await bench.hosted();
    person.exit();
    person.complete();
    await bench.taken(5);
    const finished = bench.bodies().filter((body) => body.webhook_code === 'SESSION_FINISHED');
    expect(finished).toMatchObject([
      { status: 'EXITED', public_tokens: [] },
      { status: 'SUCCESS', public_tokens: [expect.stringMatching(/^public-sandbox-/)] },
    ]);
    expect(finished[0].link_session_id).not.toBe(finished[1].link_session_id);
  });

  test('that the person abandons tells only of its events, ten minutes after the last one', async () => {
    const { person } = await bench.hosted();
    person.open();
    bench.sandbox.clock.advance(6 * MINUTE);
    person.connect();
    await bench.taken(1);
    bench.sandbox.clock.advance(10 * MINUTE - 1);
    expect(bench.sandbox.webhooks.deliveries()).toHaveLength(1);
    bench.sandbox.clock.advance(1);
    await bench.taken(2);
    expect(bench.codes()).toEqual(['ITEM_ADD_RESULT', 'EVENTS']);
    expect(bench.bodies()[1].events).toHaveLength(3);
    person.finish();
    await bench.taken(4);
    bench.sandbox.clock.advance(60 * MINUTE);
    expect(bench.sandbox.webhooks.deliveries()).toHaveLength(4);
    expect(bench.codes()).toEqual(['ITEM_ADD_RESULT', 'EVENTS', 'SESSION_FINISHED', 'EVENTS']);
  });

  test.each([
    ['public_token', 'lower', { status: 'success', public_token: expect.any(String) }],
    [
      'both',
      'upper',
      { status: 'SUCCESS', public_token: expect.any(String), public_tokens: [expect.any(String)] },
    ],
  ] as const)('is told of in the words of another version: %s, %s case', async (tokens, letters, said) => {
    bench.sandbox.set({ sessionFinishedTokens: tokens, sessionFinishedStatus: letters });
    const { person } = await bench.hosted();
    person.complete();
    await bench.taken(3);
    const finished = bench.bodies()[1];
    expect(finished).toEqual({
      webhook_type: 'LINK',
      webhook_code: 'SESSION_FINISHED',
      link_session_id: expect.any(String),
      link_token: expect.any(String),
      environment: 'sandbox',
      ...said,
    });
  });

  test('in update mode succeeds without a public token, and tells the webhook of the item', async () => {
    const { person } = await bench.hosted();
    person.complete();
    const [publicToken] = bench.sandbox.ledger().toJSON().secrets.publicTokens;
    const { json } = await bench.post('/item/public_token/exchange', { public_token: publicToken });
    const update = await bench.hosted({
      access_token: json.access_token,
      webhook: 'https://ignored.example',
    });
    update.person.complete();
    await bench.taken(5);
    expect(bench.codes().slice(3)).toEqual(['SESSION_FINISHED', 'EVENTS']);
    expect(bench.bodies()[3]).toMatchObject({ status: 'SUCCESS', public_tokens: [] });
  });

  test('sends no LINK_DELIVERY webhook, and a link_delivery session no LINK one', async () => {
    bench.sandbox.session(await bench.deliver()).complete();
    await bench.taken(1);
    const { person } = await bench.hosted();
    person.complete();
    await bench.taken(4);
    expect(bench.bodies().map((body) => body.webhook_type)).toEqual([
      'LINK_DELIVERY',
      'LINK',
      'LINK',
      'LINK',
    ]);
  });
});

describe('a link_delivery session', () => {
  test('names the bank and the accounts of a success, and no token', async () => {
    const sessionId = await bench.deliver();
    bench.sandbox.session(sessionId).complete({ institutionId: 'ins_990001', accounts: ['everyday'] });
    await bench.taken(1);
    expect(bench.bodies()[0].link_callback_metadata).toMatchObject({
      callback_type: 'ON_SUCCESS',
      institution: { institution_id: 'ins_990001', name: 'Harbour & Hill Bank' },
      accounts: [{ name: 'Everyday Checking', mask: '4821' }],
    });
    expect(bench.requests[0]!.body).not.toMatch(/(access|public|link)-sandbox-/);
  });

  test('carries the error that made the person leave', async () => {
    const sessionId = await bench.deliver();
    bench.sandbox.session(sessionId).exit({
      status: 'institution_not_found',
      error: { errorType: 'INSTITUTION_ERROR', errorCode: 'INSTITUTION_DOWN' },
    });
    await bench.taken(1);
    expect(bench.bodies()[0]).toMatchObject({
      error: { error_type: 'INSTITUTION_ERROR', error_code: 'INSTITUTION_DOWN', display_message: null },
      link_callback_metadata: { callback_type: 'ON_EXIT', status: 'institution_not_found' },
    });
    expect(bench.bodies()[0].error).not.toHaveProperty('request_id');
  });

  test('tells each step of the person when it is told to', async () => {
    bench.sandbox.set({ eventCallbacks: true });
    bench.sandbox.session(await bench.deliver()).complete();
    await bench.taken(5);
    expect(
      bench
        .bodies()
        .map(({ link_callback_metadata: { callback_type, event_name } }) => [callback_type, event_name]),
    ).toEqual([
      ['ON_EVENT', 'OPEN'],
      ['ON_EVENT', 'SELECT_INSTITUTION'],
      ['ON_EVENT', 'SUBMIT_CREDENTIALS'],
      ['ON_EVENT', 'HANDOFF'],
      ['ON_SUCCESS', 'HANDOFF'],
    ]);
  });

  test.each([
    [false, 'SUCCESS'],
    [true, 'FAILURE'],
  ])('tells of the delivery of its message (fails: %p)', async (deliveryFails, status) => {
    bench.sandbox.set({ deliveryFails });
    const linkToken = bench.sandbox.issueLinkToken({ webhook: bench.url });
    const { json } = await bench.post('/link_delivery/create', {
      link_token: linkToken,
      options: {
        recipient: { communication_methods: [{ method: 'SMS', address: '+14155550123' }] },
      },
    });
    await bench.taken(1);
    expect(bench.bodies()).toEqual([
      {
        webhook_type: 'LINK_DELIVERY',
        webhook_code: 'DELIVERY_STATUS',
        link_delivery_session_id: json.link_delivery_session_id,
        timestamp: '2030-05-01T12:00:00.000Z',
        link_delivery_metadata: { communication_method: 'SMS', delivery_status: status },
      },
    ]);
  });
});

describe('an item', () => {
  async function linkItem(): Promise<{ accessToken: string; itemId: string }> {
    const { person } = await bench.hosted();
    person.complete();
    await bench.taken(3);
    const publicToken = bench.sandbox.ledger().toJSON().secrets.publicTokens.at(-1);
    const { json } = await bench.post('/item/public_token/exchange', { public_token: publicToken });
    return { accessToken: json.access_token, itemId: json.item_id };
  }

  test('whose person has to sign in again tells the webhook of its link token, or the one it was moved to', async () => {
    const { accessToken, itemId } = await linkItem();
    bench.sandbox.item(itemId).requireLogin();
    await bench.taken(4);
    expect(bench.bodies()[3]).toEqual({
      webhook_type: 'ITEM',
      webhook_code: 'ERROR',
      item_id: itemId,
      environment: 'sandbox',
      error: expect.objectContaining({ error_code: 'ITEM_LOGIN_REQUIRED', status: 400 }),
    });
    await bench.post('/item/webhook/update', { access_token: accessToken, webhook: `${bench.url}/moved` });
    expect((await bench.post('/sandbox/item/reset_login', { access_token: accessToken })).json).toEqual({
      reset_login: true,
      request_id: expect.any(String),
    });
    await bench.taken(5);
    expect(bench.requests[4]!.path).toBe('/hook/moved');
  });

  test('fires the webhook that it is asked for, when it has one', async () => {
    const { accessToken } = await linkItem();
    const fire = (more: object = {}) =>
      bench.post('/sandbox/item/fire_webhook', {
        access_token: accessToken,
        webhook_type: 'TRANSACTIONS',
        webhook_code: 'SYNC_UPDATES_AVAILABLE',
        ...more,
      });
    expect((await fire()).json.webhook_fired).toBe(true);
    await bench.taken(4);
    expect(bench.bodies()[3]).toMatchObject({
      webhook_type: 'TRANSACTIONS',
      webhook_code: 'SYNC_UPDATES_AVAILABLE',
    });
    expect((await fire({ webhook_type: 'LINK' })).json.error_code).toBe('INVALID_FIELD');
    await bench.post('/item/webhook/update', { access_token: accessToken, webhook: null });
    expect((await fire()).json).toMatchObject({
      error_type: 'SANDBOX_ERROR',
      error_code: 'SANDBOX_WEBHOOK_INVALID',
    });
  });
});
