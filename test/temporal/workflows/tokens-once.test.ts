import { VaultError } from '../../../src/vault';
import { plaidSessionHash } from '../../../src/secrets/digest';
import { parseLinkToken } from '../../../src/domain/link-token';
import { SqlResultStore } from '../../../src/vault/stores/results';
import { describeWithTimeSkipping } from '../../../testing/temporal';
import { MINUTE_MS, virtualTime } from '../../../testing/virtual-time';

describeWithTimeSkipping('tokens that Plaid shows only once', () => {
  const virtual = virtualTime({ tokensOnce: true });
  afterEach(() => jest.restoreAllMocks());

  const finish = (linkToken: string) =>
    virtual.person((sandbox) => {
      sandbox.session(linkToken).open();
      sandbox.session(linkToken).complete();
    });

  it('are stored by the get that sees them', async () => {
    const { key, linkToken } = await virtual.start();
    await finish(linkToken);
    expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
  });

  it('are kept in hand while the vault is away', async () => {
    const { key, linkToken } = await virtual.start();
    const away = new VaultError('VAULT_UNREACHABLE', 'the vault is away');
    const record = jest.spyOn(SqlResultStore.prototype, 'record');
    record.mockRejectedValueOnce(away).mockRejectedValueOnce(away);
    await finish(linkToken);
    expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
    expect(record).toHaveBeenCalledTimes(3);
  });

  it('are found in the vault when the get that stored them could not tell', async () => {
    const { key, linkToken } = await virtual.start();
    await finish(linkToken);
    const { plaid, vault } = virtual.harness;
    const { accessTokens } = await plaid.linkDeliveryGet(parseLinkToken(linkToken)!.id);
    await vault.results.record(
      key,
      accessTokens.map((token) => ({ kind: 'access_token', token })),
    );
    expect(await virtual.result(key)).toMatchObject({ state: 'COMPLETED', results: [{ state: 'LINKED' }] });
  });

  it('end the session as FAILED, with the reason, when somebody else has seen them', async () => {
    const { key, linkToken } = await virtual.start({}, { lifetimeMs: 30 * MINUTE_MS });
    await finish(linkToken);
    await virtual.harness.plaid.linkDeliveryGet(parseLinkToken(linkToken)!.id);
    await virtual.harness.client.waitForFinalStatus(key);
    expect(key).toBe(plaidSessionHash(parseLinkToken(linkToken)!.id));
    expect(await virtual.harness.client.status(key)).toMatchObject({
      state: 'FAILED',
      plaidStatus: 'COMPLETED',
      results: [],
    });
    const handle = virtual.harness.temporal.workflow.getHandle(`hosted-link/${key}`);
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'NO_RESULTS' } });
  });
});
