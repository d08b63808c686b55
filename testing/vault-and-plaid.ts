import { type Activities, createActivities } from '../src/activities';
import { createPlaidClient } from '../src/plaid/client';
import type { PlaidClient } from '../src/plaid/plaid';
import { type Sandbox, startSandbox } from '../src/sandbox';
import { Secret } from '../src/secrets/secret';
import type { Vault } from '../src/vault';
import { startPglite } from './pglite';
import { makeFolder, prepareVault } from './databases';

const ACCOUNT = { clientId: 'activities', secret: 'activities-plaid-secret' };

/** The activities and what they work with, all of it real. */
export interface VaultAndPlaid {
  databaseUrl: string;
  vault: Vault;
  sandbox: Sandbox;
  plaid: PlaidClient;
  activities: Activities;
}

/** An embedded vault and an offline Plaid for the tests of the enclosing `describe`; filled in before the first of them. */
export function vaultAndPlaid(): VaultAndPlaid {
  const parts = {} as VaultAndPlaid;
  const folder = makeFolder();
  const closers: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    const database = await startPglite(folder.path);
    closers.push(() => database.stop());
    const vault = await prepareVault(database.databaseUrl);
    closers.push(() => vault.close());
    const sandbox = await startSandbox(ACCOUNT);
    closers.push(() => sandbox.close());
    const plaid = createPlaidClient({
      clientId: ACCOUNT.clientId,
      secret: new Secret(ACCOUNT.secret),
      environment: 'sandbox',
      baseUrl: sandbox.url,
    });
    closers.push(() => plaid.close());
    const activities = activitiesOf({ vault, plaid });
    Object.assign(parts, { databaseUrl: database.databaseUrl, vault, sandbox, plaid, activities });
  });
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
    folder.remove();
  });
  return parts;
}

/** The activities of a sandbox deployment, which send no notices, and move items' webhooks where a place for them is given. */
export function activitiesOf(
  { vault, plaid }: Pick<VaultAndPlaid, 'vault' | 'plaid'>,
  itemWebhookUrl?: string,
): Activities {
  return createActivities({
    plaid,
    environment: 'sandbox',
    vault,
    // Notices are not sent here.
    noticeClient: undefined as never,
    itemWebhookUrl,
    now: () => Promise.resolve(Date.now()),
  });
}
