import { describeOnEachDatabase, newKeys, prepareVault } from '../../../testing/databases';
import { openVault, type Vault } from '../../../src/vault';

describeOnEachDatabase((server) => {
  let vault: Vault;
  let other: Vault;
  beforeAll(async () => {
    const databaseUrl = await server.emptyDatabase();
    const keys = newKeys();
    vault = await prepareVault(databaseUrl, keys);
    other = await openVault({ databaseUrl, keys, environment: 'sandbox' });
  });
  afterAll(() => Promise.all([vault.close(), other.close()]));

  const fingerprint = (byte: number) => Buffer.alloc(32, byte);

  test('another codec key under a known id is refused by that id, and enters nothing', async () => {
    await vault.codecKeys.enter(new Map([['codec-2', fingerprint(2)]]));
    await other.codecKeys.enter(new Map([['codec-2', fingerprint(2)]]));
    await expect(
      other.codecKeys.enter(
        new Map([
          ['codec-3', fingerprint(3)],
          ['codec-2', fingerprint(9)],
        ]),
      ),
    ).rejects.toMatchObject({
      code: 'KEY_MISMATCH',
      message:
        'HOSTED_LINK_CODEC_KEYS: codec-2 is another key than the one this deployment knows by that id; restore it, or give the new key an id of its own',
    });
    // Had it been entered, this key would be refused as another one under its id.
    await vault.codecKeys.enter(new Map([['codec-3', fingerprint(33)]]));
  });
});
