import type { LinkSession, LinkTokenStatus, PlaidClient } from '../../../src/plaid/plaid';
import { answerJson, clientOf, httpServer } from '../../../testing/loopback';

const LINK_TOKEN = 'link-sandbox-7c1a2f4e-0000-4000-8000-000000000003';
const FIRST = 'public-sandbox-7c1a2f4e-0000-4000-8000-000000000011';
const SECOND = 'public-sandbox-7c1a2f4e-0000-4000-8000-000000000012';
const REQUEST_ID = 'Hk3jUq9sLm2PxYz';
const FINISHED = '2026-03-07T12:04:05.123456789Z';

/** A link session that is open, in today's shape. */
const OPEN = {
  link_session_id: 'visit-1',
  started_at: '2026-03-07T12:00:00Z',
  finished_at: null,
  results: null,
  exit: null,
  events: [{ event_name: 'OPEN', timestamp: FINISHED, event_id: 'e1', event_metadata: {} }],
};

const BANK = { institution_id: 'ins_109508', name: 'First Platypus Bank' };
const ACCOUNT = { id: 'a1', name: 'Checking', mask: '0000', type: 'depository', subtype: 'checking' };
const ITEM_RESULT = { public_token: FIRST, accounts: [ACCOUNT], institution: BANK };
const ON_SUCCESS = { public_token: FIRST, metadata: { accounts: [ACCOUNT], institution: BANK } };

/** What the above is read as. */
const READ_RESULT = {
  token: FIRST,
  institutionId: 'ins_109508',
  institutionName: 'First Platypus Bank',
  accounts: [{ name: 'Checking', mask: '0000' }],
};

const exitAfter = (error: unknown) => ({ error, metadata: { status: 'requires_credentials' } });
const INVALID_MFA = {
  error_type: 'ITEM_ERROR',
  error_code: 'INVALID_MFA',
  error_message: 'no',
  request_id: 'r9',
};

let server: Awaited<ReturnType<typeof httpServer>>;
let client: PlaidClient;
let body: object;

beforeAll(async () => {
  server = await httpServer((response) => answerJson(response, 200, body));
  client = clientOf(server.url);
});

afterAll(async () => {
  await client.close();
  await server.close();
});

async function read(answer: object): Promise<LinkTokenStatus> {
  body = { link_token: LINK_TOKEN, request_id: REQUEST_ID, ...answer };
  return await client.linkTokenGet(LINK_TOKEN);
}

async function readVisit(visit: object): Promise<LinkSession> {
  const { linkSessions } = await read({ link_sessions: [visit] });
  expect(linkSessions).toHaveLength(1);
  return linkSessions[0]!;
}

const revealed = ({ results }: LinkSession) =>
  results.map(({ publicToken, ...rest }) => ({ token: publicToken.reveal(), ...rest }));

test('/link/token/get names the link token and reads an answer without visits', async () => {
  await expect(read({ expiration: FINISHED, created_at: FINISHED, metadata: {} })).resolves.toEqual({
    expiration: FINISHED,
    linkSessions: [],
    requestId: REQUEST_ID,
  });
  expect(JSON.parse(server.requests.at(-1)!.body)).toEqual({ link_token: LINK_TOKEN });
  await expect(read({ expiration: null, link_sessions: null })).resolves.toMatchObject({
    expiration: undefined,
    linkSessions: [],
  });
});

describe('a visit', () => {
  test.each<[string, object, Partial<LinkSession>]>([
    ['that is open', OPEN, { finished: false, succeeded: false, exitError: undefined }],
    [
      'that is open with a bank connected',
      { ...OPEN, results: { item_add_results: [ITEM_RESULT] } },
      { finished: false, succeeded: false },
    ],
    [
      'that was finished',
      { ...OPEN, finished_at: FINISHED, results: { item_add_results: [ITEM_RESULT] } },
      { finished: true, succeeded: true },
    ],
    [
      'that was left',
      { ...OPEN, finished_at: FINISHED, exit: exitAfter(null) },
      { finished: true, succeeded: false, exitError: undefined },
    ],
    [
      'that was left after an error',
      { ...OPEN, finished_at: FINISHED, exit: exitAfter(INVALID_MFA) },
      {
        finished: true,
        succeeded: false,
        exitError: { errorType: 'ITEM_ERROR', errorCode: 'INVALID_MFA', requestId: 'r9' },
      },
    ],
    [
      'that was left after an error that Plaid has words for',
      {
        ...OPEN,
        finished_at: FINISHED,
        exit: exitAfter({ ...INVALID_MFA, display_message: 'The code was wrong.' }),
      },
      {
        finished: true,
        succeeded: false,
        exitError: expect.objectContaining({
          displayMessage: 'The code was wrong.',
        }) as LinkSession['exitError'],
      },
    ],
    [
      'that was left after an error with words that are none, or too long',
      {
        ...OPEN,
        finished_at: FINISHED,
        exit: exitAfter({ ...INVALID_MFA, display_message: 'x'.repeat(501) }),
        on_exit: exitAfter({ ...INVALID_MFA, display_message: 42 }),
      },
      {
        finished: true,
        succeeded: false,
        exitError: expect.objectContaining({ displayMessage: undefined }) as LinkSession['exitError'],
      },
    ],
    [
      'that was left after one bank of several had been connected',
      { ...OPEN, finished_at: FINISHED, exit: exitAfter(null), results: { item_add_results: [ITEM_RESULT] } },
      { finished: true, succeeded: true },
    ],
    [
      'in update mode, which has no result',
      {
        ...OPEN,
        finished_at: FINISHED,
        results: { item_add_results: [] },
        events: [{ event_name: 'HANDOFF' }, { event_name: 'OPEN' }],
      },
      { finished: true, succeeded: true },
    ],
    ['that ended without a word', { ...OPEN, finished_at: FINISHED }, { finished: true, succeeded: false }],
    [
      'of the older shape that was finished',
      { link_session_id: 'visit-1', on_success: ON_SUCCESS, on_exit: null },
      { finished: true, succeeded: true },
    ],
    [
      'of the older shape that was left',
      { link_session_id: 'visit-1', on_success: null, on_exit: exitAfter(INVALID_MFA) },
      { finished: true, succeeded: false, exitError: expect.anything() as LinkSession['exitError'] },
    ],
    [
      'of the older shape that is open',
      { link_session_id: 'visit-1', started_at: FINISHED },
      { finished: false, succeeded: false },
    ],
  ])('%s', async (_what, visit, expected) => {
    await expect(readVisit(visit)).resolves.toMatchObject({ linkSessionId: 'visit-1', ...expected });
  });
});

describe('results', () => {
  test('are those of `results`, with their bank and accounts', async () => {
    const other = { public_token: SECOND, accounts: [], institution: null };
    const visit = await readVisit({ ...OPEN, results: { item_add_results: [ITEM_RESULT, other] } });
    expect(revealed(visit)).toEqual([
      READ_RESULT,
      { token: SECOND, institutionId: undefined, institutionName: undefined, accounts: [] },
    ]);
  });

  test('are not doubled by the deprecated place of the first', async () => {
    const visit = { ...OPEN, results: { item_add_results: [ITEM_RESULT] }, on_success: ON_SUCCESS };
    expect(revealed(await readVisit(visit))).toEqual([READ_RESULT]);
  });

  test.each([
    ['there are none of today', { on_success: ON_SUCCESS }],
    ['those of today are empty', { on_success: ON_SUCCESS, results: { item_add_results: [] } }],
  ])('are read from the deprecated place when %s', async (_why, shape) => {
    expect(revealed(await readVisit({ link_session_id: 'visit-1', ...shape }))).toEqual([READ_RESULT]);
  });

  test('of other kinds are passed over', async () => {
    const results = {
      item_add_results: [ITEM_RESULT],
      cra_item_add_results: [{ public_token: SECOND }],
      bank_income_results: [{ status: 'APPROVED' }],
      payroll_income_results: [],
      document_income_results: null,
    };
    expect(revealed(await readVisit({ ...OPEN, results }))).toEqual([READ_RESULT]);
  });

  test.each<[string, object]>([
    ['a bank that is no object', { ...ITEM_RESULT, institution: 'First Platypus Bank' }],
    ['a name longer than the vault takes', { ...ITEM_RESULT, institution: { name: 'x'.repeat(501) } }],
    ['a name that PostgreSQL cannot hold', { ...ITEM_RESULT, institution: { name: 'a\0b' } }],
    ['an account that is none', { ...ITEM_RESULT, accounts: [7] }],
    ['accounts that are no list', { ...ITEM_RESULT, accounts: null }],
  ])('are not held up by %s', async (_what, result) => {
    const visit = { ...OPEN, finished_at: 7, exit: {}, events: 'x', results: { item_add_results: [result] } };
    expect(revealed(await readVisit(visit))[0]).toMatchObject({ token: FIRST });
  });

  test.each<[string, object, string]>([
    ['visits that are no list', { link_sessions: {} }, 'link_sessions: expected array'],
    ['a visit that is none', { link_sessions: [OPEN, null] }, 'link_sessions[1]: expected object'],
    [
      'a token that is none',
      { link_sessions: [{ ...OPEN, results: { item_add_results: [{ public_token: 7 }] } }] },
      'link_sessions[0].results.item_add_results[0].public_token: expected string',
    ],
  ])('are refused, by path, for %s', async (_what, answer, problem) => {
    await expect(read(answer)).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      problem: expect.stringContaining(problem) as string,
    });
  });
});
