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

  test('the use of a codec key is added up over all workers', async () => {
    await vault.codecKeys.enter(new Map([['codec-1', fingerprint(1)]]));
    expect(await vault.codecKeys.list()).toEqual([{ keyId: 'codec-1', encryptions: 0, bookedAt: undefined }]);
    const totals = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? vault : other).codecKeys.book('codec-1', 65_536),
      ),
    );
    expect(totals.sort((a, b) => a - b)).toEqual(
      Array.from({ length: 10 }, (_, index) => (index + 1) * 65_536),
    );
    expect(await other.codecKeys.list()).toEqual([
      { keyId: 'codec-1', encryptions: 655_360, bookedAt: expect.any(Date) },
    ]);
    expect(await vault.codecKeys.book('codec-1', 2 ** 40)).toBe(2 ** 40 + 655_360);
  });

  test('another codec key under a known id is refused by that id', async () => {
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
    expect((await vault.codecKeys.list()).map(({ keyId }) => keyId)).not.toContain('codec-3');
  });

  test('a codec key that was not entered cannot be booked', async () => {
    await expect(vault.codecKeys.book('none', 1)).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
  });
});
