import { createPlaidClient } from '../../../src/plaid/client';
import { checkLinkTokenRequest } from '../../../src/requests/link-token-request';
import type { PlaidClient } from '../../../src/plaid/plaid';
import { type Sandbox, startSandbox } from '../../../src/sandbox';
import { Secret } from '../../../src/secrets/secret';

const CREDENTIALS = { clientId: 'client-of-the-test', secret: 'secret-of-the-test' };

let sandbox: Sandbox;
const clients: PlaidClient[] = [];

function client(secret = CREDENTIALS.secret): PlaidClient {
  const options = {
    ...CREDENTIALS,
    secret: new Secret(secret),
    environment: 'sandbox',
    baseUrl: sandbox.url,
  } as const;
  const made = createPlaidClient(options);
  clients.push(made);
  return made;
}

beforeAll(async () => {
  sandbox = await startSandbox(CREDENTIALS);
});

afterAll(async () => {
  await Promise.all(clients.map((each) => each.close()));
  await sandbox.close();
});

test('a session goes from a link token request to an item that is removed again', async () => {
  const plaid = client();
  const { linkToken } = await plaid.linkTokenCreate(
    checkLinkTokenRequest(
      {
        client_name: 'Shop',
        language: 'en',
        country_codes: ['US'],
        user: { client_user_id: 'person-1' },
        products: ['auth'],
      },
      { environment: 'sandbox', update: false },
    ),
  );
  const recipient = { method: 'EMAIL', address: 'ada@example.com', firstName: 'Ada' } as const;
  const { sessionId, url } = await plaid.linkDeliveryCreate({ linkToken, recipient });
  expect(linkToken).toBe(`link-sandbox-${sessionId}`);
  expect(url).toContain(sandbox.url);
  await expect(plaid.linkDeliveryGet(sessionId)).resolves.toMatchObject({
    status: 'CREATED',
    accessTokens: [],
  });

  sandbox.session(sessionId).complete({ items: 2 });
  const session = await plaid.linkDeliveryGet(sessionId);
  expect(session.status).toBe('COMPLETED');
  expect(session.accessTokens).toHaveLength(2);

  const accessToken = session.accessTokens[0]!;
  const item = await plaid.itemGet(accessToken);
  expect(session.itemIds).toContain(item.itemId);
  expect(item.institutionName).toEqual(expect.any(String));
  await plaid.itemRemove(accessToken);
  await expect(plaid.itemRemove(accessToken)).rejects.toMatchObject({ code: 'PLAID_ERROR' });
});

test('a session of the older shape gives public tokens, each of which is exchanged once', async () => {
  const plaid = client();
  const linkToken = sandbox.issueLinkToken({ tokenShape: 'public_tokens' });
  const { sessionId } = await plaid.linkDeliveryCreate({ linkToken });
  sandbox.session(sessionId).complete();
  const { publicTokens, accessTokens } = await plaid.linkDeliveryGet(sessionId);
  expect([publicTokens.length, accessTokens.length]).toEqual([1, 0]);

  const { accessToken, itemId } = await plaid.itemPublicTokenExchange(publicTokens[0]!);
  await expect(plaid.itemGet(accessToken)).resolves.toMatchObject({ itemId });
  await expect(plaid.itemPublicTokenExchange(publicTokens[0]!)).rejects.toMatchObject({
    code: 'PLAID_ERROR',
    errorCode: 'INVALID_PUBLIC_TOKEN',
    requestId: expect.any(String),
  });
});

test('wrong keys are told as Plaid tells them', async () => {
  await expect(client('another-secret').itemGet(new Secret('access-sandbox-x'))).rejects.toMatchObject({
    code: 'PLAID_ERROR',
    errorType: 'INVALID_INPUT',
    errorCode: 'INVALID_API_KEYS',
  });
});

test('an outage is a bad answer while it lasts, and over when it is over', async () => {
  const plaid = client();
  const { sessionId } = await plaid.linkDeliveryCreate({ linkToken: sandbox.issueLinkToken() });
  const end = sandbox.outage();
  await expect(plaid.linkDeliveryGet(sessionId)).rejects.toMatchObject({
    code: 'BAD_ANSWER',
    httpStatus: 503,
  });
  end();
  await expect(plaid.linkDeliveryGet(sessionId)).resolves.toMatchObject({ status: 'CREATED' });
});
