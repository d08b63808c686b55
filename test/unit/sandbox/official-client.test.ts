import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto';
import { createDecoder, createVerifier, TokenError } from 'fast-jwt';
import {
  Configuration,
  CountryCode,
  LinkDeliveryDeliveryMethod,
  PlaidApi,
  Products,
  SandboxItemFireWebhookRequestWebhookCodeEnum,
  WebhookType,
} from 'plaid';
import { ENDPOINTS } from '../../../src/sandbox/fault';
import { CLIENT_ID, SECRET } from '../../../testing/plaid-calls';
import { startWebhookBench, type WebhookBench } from '../../../testing/sandbox-webhooks';

/* Plaid's own client, and a JWT library that has no part in this project, against the sandbox. */

let bench: WebhookBench;
let plaid: PlaidApi;
const called = new Set<string>();

beforeAll(async () => {
  bench = await startWebhookBench();
  plaid = clientWith(SECRET);
});
afterAll(() => bench.close());

function clientWith(secret: string): PlaidApi {
  const configuration = new Configuration({
    basePath: bench.sandbox.url,
    baseOptions: {
      headers: { 'PLAID-CLIENT-ID': CLIENT_ID, 'PLAID-SECRET': secret, 'Plaid-Version': '2020-09-14' },
    },
  });
  return new PlaidApi(configuration);
}

/** What an answer holds, once its endpoint is noted. */
async function dataOf<T>(answer: Promise<{ data: T; config: { url?: string } }>): Promise<T> {
  const { data, config } = await answer;
  called.add(new URL(config.url!).pathname);
  return data;
}

const REQUEST = {
  client_name: 'Acme Lending',
  language: 'en',
  country_codes: [CountryCode.Us],
  user: { client_user_id: 'customer-17' },
};

describe("Plaid's own client", () => {
  test('takes a hosted_link session from its link token to an item that is mended, moved and removed', async () => {
    const created = await dataOf(
      plaid.linkTokenCreate({
        ...REQUEST,
        products: [Products.Auth],
        webhook: bench.url,
        hosted_link: { url_lifetime_seconds: 3_600, completion_redirect_uri: 'https://app.example/done' },
        enable_multi_item_link: true,
      }),
    );
    expect(created.hosted_link_url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/hl\//);
    const person = bench.sandbox.session(created.link_token);
    person.exit();
    person.complete({ institutionId: 'ins_990002', accounts: ['share-draft'] });
    const { link_sessions: sessions, metadata } = await dataOf(
      plaid.linkTokenGet({ link_token: created.link_token }),
    );
    expect(metadata).toMatchObject({ initial_products: ['auth'], webhook: bench.url });
    expect(sessions).toHaveLength(2);
    expect(sessions![0]!.exit?.metadata?.status).toBe('requires_credentials');
    const [result] = sessions![1]!.results!.item_add_results;
    expect(result!.accounts).toMatchObject([{ name: 'Share Draft', mask: '0093', subtype: 'checking' }]);

    const { access_token: accessToken, item_id: itemId } = await dataOf(
      plaid.itemPublicTokenExchange({ public_token: result!.public_token }),
    );
    expect((await dataOf(plaid.itemGet({ access_token: accessToken }))).item).toMatchObject({
      item_id: itemId,
      institution_name: 'Meadowlark Credit Union',
      webhook: bench.url,
      error: null,
    });
    const { accounts } = await dataOf(plaid.accountsGet({ access_token: accessToken }));
    expect(accounts).toMatchObject([{ name: 'Share Draft', balances: { current: 1012.4 } }]);
    const moved = await dataOf(
      plaid.itemWebhookUpdate({ access_token: accessToken, webhook: `${bench.url}/moved` }),
    );
    expect(moved.item.webhook).toBe(`${bench.url}/moved`);

    await dataOf(plaid.sandboxItemResetLogin({ access_token: accessToken }));
    const update = await dataOf(
      plaid.linkTokenCreate({ ...REQUEST, access_token: accessToken, hosted_link: {} }),
    );
    const errorOf = async () =>
      (await plaid.itemGet({ access_token: accessToken })).data.item.error?.error_code;
    expect(await errorOf()).toBe('ITEM_LOGIN_REQUIRED');
    bench.sandbox.session(update.link_token).complete();
    expect(await errorOf()).toBeUndefined();

    await dataOf(plaid.itemRemove({ access_token: accessToken }));
    await expect(plaid.itemGet({ access_token: accessToken })).rejects.toMatchObject({
      response: { status: 400, data: { error_type: 'ITEM_ERROR', error_code: 'ITEM_NOT_FOUND' } },
    });
  });

  test('takes a link_delivery session to its access tokens', async () => {
    const { link_token: linkToken } = await dataOf(
      plaid.linkTokenCreate({ ...REQUEST, products: [Products.Transactions] }),
    );
    const delivery = await dataOf(
      plaid.linkDeliveryCreate({
        link_token: linkToken,
        options: {
          recipient: {
            communication_methods: [{ method: LinkDeliveryDeliveryMethod.Sms, address: '+14155550123' }],
            first_name: 'Pat',
          },
        },
      }),
    );
    const get = () =>
      dataOf(plaid.linkDeliveryGet({ link_delivery_session_id: delivery.link_delivery_session_id }));
    expect(await get()).toMatchObject({ status: 'CREATED', completed_at: null });
    bench.sandbox.session(linkToken).complete({ items: 2 });
    const { status, access_tokens: tokens, item_ids: itemIds } = await get();
    expect([status, tokens!.length]).toEqual(['COMPLETED', 2]);
    const items = await Promise.all(tokens!.map((token) => plaid.itemGet({ access_token: token })));
    expect(items.map(({ data }) => data.item.item_id).sort()).toEqual(itemIds);
  });

  test("uses the endpoints of Plaid's Sandbox", async () => {
    const { public_token: publicToken } = await dataOf(
      plaid.sandboxPublicTokenCreate({
        institution_id: 'ins_990001',
        initial_products: [Products.Auth],
        options: { webhook: bench.url },
      }),
    );
    const { access_token: accessToken } = await dataOf(
      plaid.itemPublicTokenExchange({ public_token: publicToken }),
    );
    const fired = await dataOf(
      plaid.sandboxItemFireWebhook({
        access_token: accessToken,
        webhook_type: WebhookType.Transactions,
        webhook_code: SandboxItemFireWebhookRequestWebhookCodeEnum.SyncUpdatesAvailable,
      }),
    );
    expect(fired.webhook_fired).toBe(true);
  });

  test('is refused with wrong keys, as it expects', async () => {
    await expect(clientWith('another_secret').linkTokenGet({ link_token: 'any' })).rejects.toMatchObject({
      response: {
        status: 400,
        data: {
          error_type: 'INVALID_INPUT',
          error_code: 'INVALID_API_KEYS',
          display_message: null,
          request_id: expect.any(String),
        },
      },
    });
  });
});

describe('a webhook that the sandbox signed', () => {
  /** Verifies as Plaid's documentation says, by another library's plain use. */
  async function verify(token: string, body: string, now: number): Promise<void> {
    const { header } = createDecoder({ complete: true })(token) as { header: { alg: string; kid: string } };
    expect(header.alg).toBe('ES256');
    const { key } = await dataOf(plaid.webhookVerificationKeyGet({ key_id: header.kid }));
    const pem = createPublicKey({ key: key as unknown as JsonWebKey, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    const claims = createVerifier({
      key: pem,
      algorithms: ['ES256'],
      maxAge: 5 * 60_000,
      clockTimestamp: now,
    })(token) as { request_body_sha256: string };
    expect(claims.request_body_sha256).toBe(createHash('sha256').update(body).digest('hex'));
  }

  test('is good for a JWT library that has no part in making or taking it, also after a rotation', async () => {
    await bench.taken(bench.sandbox.webhooks.deliveries().length);
    for (const rotated of [false, true]) {
      if (rotated) bench.sandbox.webhooks.rotateKey();
      const before = bench.requests.length;
      const { person } = await bench.hosted();
      person.complete();
      await bench.taken(before + 3);
      for (const { headers, body } of bench.requests.slice(before)) {
        await verify(headers['plaid-verification'] as string, body, bench.sandbox.clock.now());
      }
    }
  });

  test('is not, once it is five minutes old, or when its signature or its body was changed', async () => {
    const body = '{\n  "webhook_type": "LINK"\n}';
    const token = bench.sandbox.webhooks.sign(body);
    const now = bench.sandbox.clock.now();
    await verify(token, body, now);
    await expect(verify(token, body, now + 6 * 60_000)).rejects.toMatchObject({
      code: TokenError.codes.expired,
    });
    const other = bench.sandbox.webhooks.sign('{}');
    const mixed = [...token.split('.').slice(0, 2), other.split('.')[2]].join('.');
    await expect(verify(mixed, body, now)).rejects.toMatchObject({ code: TokenError.codes.invalidSignature });
    await expect(verify(token, JSON.stringify(JSON.parse(body)), now)).rejects.toThrow('toBe');
  });
});

test('no endpoint was left out', () => {
  expect([...called].sort()).toEqual([...ENDPOINTS].sort());
});
