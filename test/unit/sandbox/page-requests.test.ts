import type { Answer, Bench } from '../../../testing/plaid-calls';
import { LINK_TOKEN_REQUEST, startBench } from '../../../testing/plaid-calls';

let bench: Bench;
let clock: number;
beforeEach(async () => {
  clock = Date.now();
  bench = await startBench({ now: () => clock });
});
afterEach(() => bench.close());

const page = (sessionId: string, headers?: Record<string, string>): Promise<Answer> =>
  bench.send('GET', `/hl/${sessionId}`, headers);

/** Sends a form as the page does. */
const submit = (
  sessionId: string,
  action: string,
  fields: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Answer> =>
  bench.send(
    'POST',
    `/hl/${sessionId}/${action}`,
    {
      'content-type': 'application/x-www-form-urlencoded',
      origin: bench.sandbox.url,
      'sec-fetch-site': 'same-origin',
      ...headers,
    },
    new URLSearchParams(fields).toString(),
  );

const status = (sessionId: string): string => bench.sandbox.session(sessionId).status;

async function goToReview(
  sessionId: string,
  institution = 'ins_990001',
  account = 'everyday',
): Promise<void> {
  await page(sessionId);
  await submit(sessionId, 'institution', { institution });
  await submit(sessionId, 'credentials', { username: 'user_good', password: 'pass_good' });
  await submit(sessionId, 'accounts', { account });
}

test('the forms lead to the end without a script', async () => {
  const sessionId = await bench.deliver();
  await goToReview(sessionId);
  expect((await page(sessionId)).text).toContain('Review and finish');
  const answer = await submit(sessionId, 'finish');
  expect(answer).toMatchObject({ status: 303, headers: { location: `/hl/${sessionId}` } });
  const done = await page(sessionId);
  expect(done.status).toBe(200);
  expect(done.text).toContain('All done');
  expect(status(sessionId)).toBe('COMPLETED');
});

test('opening the page moves CREATED and EXITED to OPENED', async () => {
  const sessionId = await bench.deliver();
  expect((await page(sessionId)).status).toBe(200);
  expect(status(sessionId)).toBe('OPENED');
  await submit(sessionId, 'leave');
  expect(status(sessionId)).toBe('EXITED');
  const left = await bench.send('GET', `/hl/${sessionId}/left`);
  expect(left.text).toContain('You left before finishing');
  expect(status(sessionId)).toBe('EXITED');
  await page(sessionId);
  expect(status(sessionId)).toBe('OPENED');
});

test('a HEAD request, as link checkers send, opens nothing', async () => {
  const sessionId = await bench.deliver();
  expect((await bench.send('HEAD', `/hl/${sessionId}`)).status).toBe(404);
  expect(status(sessionId)).toBe('CREATED');
});

test('an expired session has a page of its own, and its forms do nothing', async () => {
  const sessionId = await bench.deliver(bench.sandbox.issueLinkToken({ lifetimeMs: 60_000 }));
  await goToReview(sessionId);
  clock += 60_000;
  expect((await submit(sessionId, 'finish')).status).toBe(303);
  expect(await page(sessionId)).toMatchObject({ status: 410, text: expect.stringContaining('has expired') });
  expect(status(sessionId)).toBe('EXPIRED');
});

test('an unknown session, a link token without session and an unknown form are not found', async () => {
  const linkToken = bench.sandbox.issueLinkToken();
  for (const id of ['99ace160-3cf7-4e51-a083-403633425815', linkToken.slice('link-sandbox-'.length)]) {
    expect(await page(id)).toMatchObject({ status: 404, text: expect.stringContaining('does not work') });
    expect((await submit(id, 'leave')).status).toBe(404);
  }
  const sessionId = await bench.deliver(linkToken);
  await page(sessionId);
  expect((await submit(sessionId, 'approve')).status).toBe(404);
});

describe('the server keeps the steps', () => {
  test.each([
    ['finish', {}],
    ['credentials', { username: 'user_good', password: 'pass_good' }],
    ['accounts', { account: 'everyday' }],
    ['another', {}],
    ['back', {}],
    ['institution', { institution: 'ins_1' }],
    ['institution', {}],
  ])('%s with %p does nothing at the first step', async (action, fields) => {
    const sessionId = await bench.deliver();
    await page(sessionId);
    expect((await submit(sessionId, action, fields)).status).toBe(303);
    expect((await page(sessionId)).text).toContain('<h1>Choose your bank</h1>');
    expect(status(sessionId)).toBe('OPENED');
  });

  test('finishing right after signing in does nothing', async () => {
    const sessionId = await bench.deliver();
    await page(sessionId);
    await submit(sessionId, 'institution', { institution: 'ins_990003' });
    await submit(sessionId, 'credentials', { username: 'user_good', password: 'pass_good' });
    await submit(sessionId, 'finish');
    expect((await page(sessionId)).text).toContain('<h1>Choose accounts</h1>');
    expect(status(sessionId)).toBe('OPENED');
  });

  test('no account, or one of another bank, is not enough', async () => {
    const sessionId = await bench.deliver();
    await goToReview(sessionId, 'ins_990003', 'everyday');
    expect((await page(sessionId)).text).toContain('Choose at least one account');
  });

  test('a form does not open a session that nobody has opened', async () => {
    const sessionId = await bench.deliver();
    await submit(sessionId, 'institution', { institution: 'ins_990001' });
    expect(status(sessionId)).toBe('CREATED');
  });

  test('finishing twice makes one item', async () => {
    const sessionId = await bench.deliver();
    await goToReview(sessionId);
    await Promise.all([submit(sessionId, 'finish'), submit(sessionId, 'finish')]);
    expect(bench.sandbox.ledger().toJSON().items).toHaveLength(1);
  });

  test('a second bank is offered only where the session may have several', async () => {
    const single = await bench.deliver();
    await goToReview(single);
    await submit(single, 'another');
    expect((await page(single)).text).toContain('Review and finish');

    const several = await bench.deliver(bench.sandbox.issueLinkToken({ items: 2 }));
    await goToReview(several);
    await submit(several, 'another');
    const { text } = await page(several);
    expect(text).toContain('<h1>Choose your bank</h1>');
    expect(text).not.toContain('value="ins_990001"');
    await submit(several, 'institution', { institution: 'ins_990002' });
    await submit(several, 'credentials', { username: 'user_good', password: 'pass_good' });
    await submit(several, 'accounts', { account: 'share-draft' });
    await submit(several, 'finish');
    expect(
      bench.sandbox
        .ledger()
        .toJSON()
        .items.map((item) => item.institutionId),
    ).toEqual(['ins_990001', 'ins_990002']);
  });
});

describe('a hosted_link session with several banks', () => {
  async function hosted(): Promise<{ id: string; linkToken: string }> {
    const { json } = await bench.post('/link/token/create', {
      ...LINK_TOKEN_REQUEST,
      hosted_link: {},
      enable_multi_item_link: true,
    });
    return { id: json.link_token.slice('link-sandbox-'.length), linkToken: json.link_token };
  }
  const banks = async (linkToken: string): Promise<string[]> => {
    const { json } = await bench.post('/link/token/get', { link_token: linkToken });
    const [{ results }] = json.link_sessions;
    return (results?.item_add_results ?? []).map(
      (result: { institution: { name: string } }) => result.institution.name,
    );
  };

  test('hands each bank over when the person goes on to the next, and once', async () => {
    const { id, linkToken } = await hosted();
    await goToReview(id);
    expect(await banks(linkToken)).toEqual([]);
    await submit(id, 'another');
    expect(await banks(linkToken)).toEqual(['Harbour & Hill Bank']);
    await submit(id, 'back');
    await submit(id, 'another');
    await goToReview(id, 'ins_990003', 'notice');
    await submit(id, 'finish');
    expect(await banks(linkToken)).toEqual(['Harbour & Hill Bank', 'Copper Street Savings']);
  });

  test('tells a person who leaves what was shared before', async () => {
    const { id, linkToken } = await hosted();
    await goToReview(id);
    await submit(id, 'another');
    await submit(id, 'leave');
    const { text } = await bench.send('GET', `/hl/${id}/left`);
    expect(text).toMatch(/Harbour &#38; Hill Bank was shared with/);
    expect(await banks(linkToken)).toEqual(['Harbour & Hill Bank']);
    expect(status(id)).toBe('EXITED');
  });
});

describe('requests from elsewhere', () => {
  test.each(['evil.example', 'evil.example:80', '127.0.0.1', 'localhost:1', '127.0.0.1.evil.example'])(
    'a Host of %s is refused on the page and on the API',
    async (host) => {
      const sessionId = await bench.deliver();
      expect((await page(sessionId, { host })).status).toBe(421);
      expect((await bench.post('/link/token/create', LINK_TOKEN_REQUEST, { host })).status).toBe(421);
      expect(status(sessionId)).toBe('CREATED');
    },
  );

  test('localhost with the right port is this machine', async () => {
    const sessionId = await bench.deliver();
    const host = `localhost:${new URL(bench.sandbox.url).port}`;
    expect((await page(sessionId, { host })).status).toBe(200);
  });

  test.each<[string, Record<string, string>]>([
    ['another origin', { origin: 'http://evil.example' }],
    ['another port', { origin: 'http://127.0.0.1:1' }],
    ['https', { origin: 'https://127.0.0.1' }],
    ['a hidden origin', { origin: 'null' }],
    ['no origin', { origin: '' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a sibling', { 'sec-fetch-site': 'same-site' }],
  ])('a form from %s is refused', async (_where, headers) => {
    const sessionId = await bench.deliver();
    await page(sessionId);
    const answer = await submit(sessionId, 'leave', {}, headers);
    expect(answer).toMatchObject({ status: 403, text: expect.stringContaining('was refused') });
    expect(status(sessionId)).toBe('OPENED');
  });

  test.each(['application/json', 'text/plain', 'multipart/form-data; boundary=x'])(
    'a form sent as %s is refused',
    async (type) => {
      const sessionId = await bench.deliver();
      await page(sessionId);
      expect((await submit(sessionId, 'leave', {}, { 'content-type': type })).status).toBe(415);
      expect(status(sessionId)).toBe('OPENED');
    },
  );
});

test('every page forbids scripts, frames, foreign content and caches', async () => {
  const sessionId = await bench.deliver();
  const answers = [
    await page(sessionId),
    await page('unknown'),
    await submit(sessionId, 'leave', {}, { origin: 'http://evil.example' }),
    await submit(sessionId, 'leave'),
    await bench.send('GET', `/hl/${sessionId}/left`),
  ];
  expect(answers.map((answer) => answer.status)).toEqual([200, 404, 403, 303, 200]);
  for (const { headers, text } of answers) {
    expect(headers).toMatchObject({
      'content-security-policy':
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
    });
    expect(text).not.toMatch(/<script|style="|\son\w+=/i);
  }
});

describe('the name and address of the application', () => {
  async function hosted(request: object): Promise<string> {
    const { json } = await bench.post('/link/token/create', {
      ...LINK_TOKEN_REQUEST,
      hosted_link: {},
      ...request,
    });
    return json.link_token.slice('link-sandbox-'.length);
  }

  test('are escaped', async () => {
    const sessionId = await hosted({
      client_name: `<b onclick='x'>"&\`</b>`,
      hosted_link: { completion_redirect_uri: `https://app.example/"><script>alert(1)</script>` },
    });
    const first = await page(sessionId);
    expect(first.text).toContain('&#60;b onclick=&#39;x&#39;&#62;&#34;&#38;&#96;&#60;/b&#62;');
    expect(first.text).not.toContain('<b ');
    await submit(sessionId, 'leave');
    const { text, headers } = await bench.send('GET', `/hl/${sessionId}/left`);
    expect(text).toContain('href="https://app.example/&#34;&#62;&#60;script&#62;');
    expect(text).not.toContain('<script');
    expect(headers.refresh).toBe('0; url=https://app.example/%22%3E%3Cscript%3Ealert(1)%3C/script%3E');
  });

  test('have no character that acts on the page', async () => {
    const { text } = await page(await hosted({ client_name: 'Bank\u202eknaB\u0007\u009b2J\u200f' }));
    expect(text).toContain('<strong>Bank?knaB??2J?</strong>');
  });

  test('give way to a generic name over 30 characters', async () => {
    const { text } = await page(await hosted({ client_name: 'A'.repeat(31) }));
    expect(text).toContain('<strong>this application</strong>');
  });

  test('are not gone to where none was given', async () => {
    const sessionId = await hosted({});
    await page(sessionId);
    await submit(sessionId, 'leave');
    const { text, headers } = await bench.send('GET', `/hl/${sessionId}/left`);
    expect(headers).not.toHaveProperty('refresh');
    expect(text).not.toContain('Return to');
  });
});
