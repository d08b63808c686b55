import { hostedLinkFlow } from '../../../src/plaid/hosted-link-flow';
import type { FlowClient } from '../../../src/plaid/flow-client';
import type { LinkSession, LinkTokenStatus, PlaidClient } from '../../../src/plaid/plaid';
import { Secret } from '../../../src/secrets/secret';

const ID = '7c1a2f4e-0000-4000-8000-000000000003';
const MINUTE_MS = 60_000;
const EXPIRATION = '2026-03-07T12:30:00.123456789Z';
const EXPIRES_MS = Date.parse(EXPIRATION);

const REQUEST = {
  client_name: 'Shop',
  user: { client_user_id: 'person-1' },
  hosted_link: { url_lifetime_seconds: 1_800 },
};

const VISIT: LinkSession = {
  linkSessionId: 'visit-1',
  finished: false,
  succeeded: false,
  results: [],
  exitError: undefined,
};

const LEFT = { ...VISIT, finished: true };
const RESULT = {
  publicToken: new Secret('public-1'),
  institutionId: 'ins_1',
  institutionName: 'First Bank',
  accounts: [{ name: 'Checking', mask: '0000' }],
};

const linkTokenCreate = jest.fn<
  ReturnType<PlaidClient['linkTokenCreate']>,
  Parameters<PlaidClient['linkTokenCreate']>
>();
const linkTokenGet = jest.fn<Promise<LinkTokenStatus>, [string]>();
let nowMs = EXPIRES_MS - MINUTE_MS;
let api: FlowClient;

beforeEach(() => {
  nowMs = EXPIRES_MS - MINUTE_MS;
  linkTokenCreate.mockReset().mockResolvedValue({
    linkToken: `link-sandbox-${ID}`,
    expiration: EXPIRATION,
    hostedUrl: 'https://secure.plaid.com/hl/x',
    requestId: 'r1',
  });
  const plaid = { linkTokenCreate, linkTokenGet } as Partial<PlaidClient> as PlaidClient;
  api = hostedLinkFlow(plaid, 'sandbox', () => Promise.resolve(nowMs));
});

async function standing(linkSessions: LinkSession[], expiration: string | undefined = EXPIRATION) {
  linkTokenGet.mockResolvedValueOnce({ expiration, linkSessions, requestId: 'r2' });
  return await api.get(ID);
}

describe('a create', () => {
  it('is one call, and gives session id, URL and expiration', async () => {
    expect(await api.create({ linkTokenRequest: REQUEST })).toEqual({
      plaidSessionId: ID,
      url: 'https://secure.plaid.com/hl/x',
      expiration: EXPIRATION,
    });
    expect(linkTokenCreate.mock.calls).toEqual([[REQUEST, undefined]]);
  });

  it('asks for a hosted link though the request does not', async () => {
    await api.create({ linkTokenRequest: { client_name: 'Shop' } });
    expect(linkTokenCreate.mock.calls[0]![0]).toEqual({ client_name: 'Shop', hosted_link: {} });
  });

  it.each([
    ['SMS', '+14155550123', 'sms', 'phone_number'],
    ['EMAIL', 'ada@example.com', 'email', 'email_address'],
  ] as const)('lets Plaid send it by %s to the user of the request', async (method, address, name, field) => {
    await api.create({ linkTokenRequest: REQUEST, delivery: { method, address } });
    expect(linkTokenCreate.mock.calls[0]![0]).toEqual({
      ...REQUEST,
      user: { client_user_id: 'person-1', [field]: address },
      hosted_link: { url_lifetime_seconds: 1_800, delivery_method: name },
    });
  });

  it('in update mode hands the access token on, beside the request', async () => {
    const accessToken = new Secret('access-1');
    await api.create({ linkTokenRequest: REQUEST, accessToken });
    expect(linkTokenCreate.mock.calls).toEqual([[REQUEST, accessToken]]);
  });

  it.each([
    ['a link token of another environment', { linkToken: `link-production-${ID}` }, /^link_token: /],
    ['something else than a link token', { linkToken: 'token' }, /^link_token: /],
    ['no URL', { hostedUrl: undefined }, /^hosted_link_url: missing/],
  ])('that is answered with %s cannot be read', async (_what, answer, problem) => {
    const whole = {
      linkToken: `link-sandbox-${ID}`,
      expiration: EXPIRATION,
      hostedUrl: 'https://x',
      requestId: 'r',
    };
    linkTokenCreate.mockResolvedValue({ ...whole, ...answer });
    await expect(api.create({ linkTokenRequest: REQUEST })).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      problem: expect.stringMatching(problem) as string,
    });
  });
});

describe('a get', () => {
  it('asks for the link token that the session id came from', async () => {
    await standing([]);
    expect(linkTokenGet).toHaveBeenLastCalledWith(`link-sandbox-${ID}`);
  });

  it.each<[string, string, LinkSession[]]>([
    ['CREATED', 'nobody has opened it', []],
    ['OPENED', 'a visit is open', [VISIT]],
    ['OPENED', 'the person came back', [LEFT, VISIT]],
    ['EXITED', 'each visit was left', [LEFT, LEFT]],
    ['COMPLETED', 'a visit succeeded', [LEFT, { ...LEFT, succeeded: true }]],
    ['COMPLETED', 'a visit succeeded beside an open one', [{ ...LEFT, succeeded: true }, VISIT]],
  ])('says %s when %s', async (status, _when, visits) => {
    expect(await standing(visits)).toMatchObject({ status });
  });

  it.each<[string, string, LinkSession[]]>([
    ['EXPIRED', 'nobody opened it', []],
    ['EXPIRED', 'each visit was left', [LEFT]],
    ['OPENED', 'a visit is open still', [LEFT, VISIT]],
    ['COMPLETED', 'a visit succeeded', [{ ...LEFT, succeeded: true }]],
  ])('says %s after the expiration when %s', async (status, _when, visits) => {
    nowMs = EXPIRES_MS + 2 * MINUTE_MS;
    expect(await standing(visits)).toMatchObject({ status });
  });

  it('says EXPIRED neither while the clocks may differ nor without an expiration', async () => {
    nowMs = EXPIRES_MS + 2 * MINUTE_MS - 1;
    expect(await standing([LEFT])).toMatchObject({ status: 'EXITED' });
    nowMs = EXPIRES_MS + 24 * 60 * MINUTE_MS;
    linkTokenGet.mockResolvedValueOnce({ expiration: undefined, linkSessions: [], requestId: 'r2' });
    expect(await api.get(ID)).toMatchObject({ status: 'CREATED' });
  });

  it('gives the public tokens of all visits, finished or not, with what Plaid told of each', async () => {
    const other = { ...RESULT, publicToken: new Secret('public-2') };
    const { tokens } = await standing([
      { ...LEFT, succeeded: true, results: [RESULT] },
      { ...VISIT, linkSessionId: 'visit-2', results: [other] },
    ]);
    expect(tokens.map(({ token, ...rest }) => ({ token: token.reveal(), ...rest }))).toEqual([
      {
        kind: 'public_token',
        token: 'public-1',
        linkSessionId: 'visit-1',
        institutionId: 'ins_1',
        institutionName: 'First Bank',
        accounts: [{ name: 'Checking', mask: '0000' }],
      },
      expect.objectContaining({ token: 'public-2', linkSessionId: 'visit-2' }),
    ]);
  });

  it('tells by type and class what the person left after last', async () => {
    const left = (errorType: string, errorCode: string) => ({
      ...LEFT,
      exitError: { errorType, errorCode, requestId: 'r9' },
    });
    const visits = [left('ITEM_ERROR', 'INVALID_MFA'), left('INSTITUTION_ERROR', 'INSTITUTION_DOWN'), VISIT];
    expect((await standing(visits)).exitError).toEqual({
      type: 'INSTITUTION_ERROR/INSTITUTION_DOWN',
      message: 'the person left after INSTITUTION_ERROR/INSTITUTION_DOWN',
      requestId: 'r9',
      class: 'transient',
      effect: 'NONE',
    });
    const told = left('ITEM_ERROR', 'INVALID_MFA');
    const displayMessage = 'The code was wrong.';
    expect(
      (await standing([{ ...told, exitError: { ...told.exitError, displayMessage } }])).exitError,
    ).toMatchObject({ displayMessage });
    expect((await standing([left('NEW_ERROR', 'NEW_CODE')])).exitError).toMatchObject({ class: 'permanent' });
    expect((await standing([LEFT])).exitError).toBeUndefined();
  });
});
