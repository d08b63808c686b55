import type { PlaidClient } from '../../../src/plaid/plaid';
import { Secret } from '../../../src/secrets/secret';
import type { Vault } from '../../../src/vault';
import { answerJson, clientOf, httpServer } from '../../../testing/loopback';
import { makeFolder, prepareVault } from '../../../testing/databases';
import { type PgliteOwner, startPglite } from '../../../testing/pglite';
import { runSql } from '../../../testing/postgres';
import { runActivity } from '../../../testing/run-activity';
import { activitiesOf } from '../../../testing/vault-and-plaid';

const ACCESS_TOKEN = 'access-sandbox-4b1d77c2-0000-4000-8000-00000000000a';
const ITEM_WEBHOOK = 'https://app.example/plaid';

describe('a stored item is described', () => {
  const folder = makeFolder();
  let database: PgliteOwner;
  let vault: Vault;
  let plaidServer: Awaited<ReturnType<typeof httpServer>>;
  let plaid: PlaidClient;
  let refusesUpdate = false;
  let items = 0;
  let itemId: string;

  beforeAll(async () => {
    database = await startPglite(folder.path);
    vault = await prepareVault(database.databaseUrl);
    plaidServer = await httpServer((response, { path }) => {
      if (path === '/item/get') {
        const item = { item_id: 'item-1', institution_id: 'ins_1', institution_name: 'First Bank' };
        answerJson(response, 200, { item, request_id: 'r1' });
      } else if (refusesUpdate) {
        const error = { error_type: 'INVALID_REQUEST', error_code: 'INVALID_FIELD', request_id: 'r2' };
        answerJson(response, 400, error);
      } else {
        answerJson(response, 200, { request_id: 'r2' });
      }
    });
    plaid = clientOf(plaidServer.url);
  });
  afterAll(async () => {
    await plaid?.close();
    await plaidServer?.close();
    await vault?.close();
    await database?.stop();
    folder.remove();
  });

  beforeEach(async () => {
    refusesUpdate = false;
    itemId = `item-${++items}`;
    plaidServer.requests.length = 0;
    const accessToken = new Secret(ACCESS_TOKEN);
    await vault.sessions.claim({
      key: 'shop-1',
      plaidFlow: 'link_delivery',
      firstRunId: 'run',
      requestDigest: 'digest',
    });
    const [row] = await vault.results.record('shop-1', [{ kind: 'access_token', token: accessToken }]);
    await vault.results.link(row!.resultId, { itemId, accessToken, requestId: 'r0' });
  });

  const describeItem = (itemWebhookUrl: string | undefined) => {
    const { describeItem } = activitiesOf({ vault, plaid }, itemWebhookUrl);
    return runActivity(describeItem, itemId);
  };
  const calls = () => plaidServer.requests.map(({ path, body }) => [path, JSON.parse(body)] as unknown);
  const lastRead = async () => {
    const sql = 'SELECT read_id, purpose FROM hosted_link.access_audit ORDER BY read_id DESC LIMIT 1';
    const [row] = await runSql<{ read_id: string; purpose: string }>(database.databaseUrl, sql);
    return row;
  };
  const lastPurpose = async () => (await lastRead())?.purpose;
  const institution = async () => (await vault.items.get(itemId))?.institutionName;

  it('by its institution, and its webhook stays where it is', async () => {
    await describeItem(undefined);
    expect(await institution()).toBe('First Bank');
    expect(calls()).toEqual([['/item/get', { access_token: ACCESS_TOKEN }]]);
    expect(await lastPurpose()).toBe('describe item');
  });

  it('without its token, where it was stored with its institution', async () => {
    const known = { institutionId: 'ins_1', institutionName: 'First Bank' };
    await vault.items.describe(itemId, known);
    const before = await lastRead();
    expect(await describeItem(undefined)).toEqual(known);
    expect(calls()).toEqual([]);
    expect(await lastRead()).toEqual(before);
  });

  it('by its webhook alone, where it was stored with its institution', async () => {
    await vault.items.describe(itemId, { institutionId: 'ins_1', institutionName: 'First Bank' });
    await describeItem(ITEM_WEBHOOK);
    expect(calls()).toEqual([
      ['/item/webhook/update', { access_token: ACCESS_TOKEN, webhook: ITEM_WEBHOOK }],
    ]);
  });

  it('and its webhook moved, where the deployment has a place for it', async () => {
    await describeItem(ITEM_WEBHOOK);
    expect(calls()).toEqual([
      ['/item/get', { access_token: ACCESS_TOKEN }],
      ['/item/webhook/update', { access_token: ACCESS_TOKEN, webhook: ITEM_WEBHOOK }],
    ]);
    expect(await lastPurpose()).toBe('describe item, move its webhook');
  });

  it('also when Plaid does not take the webhook, which is told', async () => {
    await vault.items.describe(itemId, { institutionName: 'not asked yet' });
    refusesUpdate = true;
    await expect(describeItem(ITEM_WEBHOOK)).rejects.toMatchObject({ errorCode: 'INVALID_FIELD' });
    expect(await institution()).toBe('First Bank');
  });
});
