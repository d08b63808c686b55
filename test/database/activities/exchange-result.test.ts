import { randomUUID } from 'node:crypto';
import type { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../../src/activities';
import { userHash } from '../../../src/secrets/digest';
import type { PlaidClient } from '../../../src/plaid/plaid';
import type { Sandbox } from '../../../src/sandbox';
import { Secret } from '../../../src/secrets/secret';
import type { ResultRow, Vault } from '../../../src/vault';
import { LINK_TOKEN_REQUEST } from '../../../testing/plaid-calls';
import { runSql } from '../../../testing/postgres';
import { runActivity } from '../../../testing/run-activity';
import { activitiesOf, vaultAndPlaid } from '../../../testing/vault-and-plaid';

const BANK = { institutionId: 'ins_990001' };

/** What the lease is for, in milliseconds. */
const LEASE_MS = 30_000;

describe('the exchange of one result', () => {
  const parts = vaultAndPlaid();
  let vault: Vault;
  let sandbox: Sandbox;
  let plaid: PlaidClient;
  let activities: Activities;
  beforeAll(() => {
    ({ vault, sandbox, plaid, activities } = parts);
  });

  /** A person connects a bank; its public token is recorded as a get does it. */
  async function seen(
    person: string,
    { institutionName }: { institutionName?: string } = {},
  ): Promise<ResultRow> {
    const key = randomUUID();
    const { linkToken } = await plaid.linkTokenCreate({ ...LINK_TOKEN_REQUEST, hosted_link: {} });
    sandbox.session(linkToken).connect(BANK);
    const { publicToken, sessionId } = sandbox.ledger().toJSON().publicTokens.at(-1)!;
    expect(linkToken.endsWith(sessionId)).toBe(true);
    await vault.sessions.claim({
      key,
      plaidFlow: 'hosted_link',
      firstRunId: 'run',
      requestDigest: 'digest',
      userHash: userHash(person),
    });
    const [row] = await vault.results.record(key, [
      {
        kind: 'public_token',
        token: new Secret(publicToken),
        linkSessionId: 'link-session-1',
        institutionId: BANK.institutionId,
        institutionName,
        accounts: [{ name: 'Everyday Checking', mask: '4821' }],
      },
    ]);
    return row!;
  }

  const exchange = (resultId: string, options?: Parameters<Activities['exchangeResult']>[1]) =>
    runActivity(activities.exchangeResult, resultId, options);
  const failureOf = async (attempt: Promise<unknown>) =>
    (await attempt.then(
      () => undefined,
      (error: unknown) => error,
    )) as ApplicationFailure | undefined;
  /** The exchanges that Plaid has answered, of the public token that was issued last. */
  const answered = () => sandbox.ledger().toJSON().publicTokens.at(-1)!.exchanges;

  it('stores the item with its accounts, so that the next one of the same account is a duplicate', async () => {
    const person = randomUUID();
    const first = await seen(person);
    const { itemId, ...linked } = await exchange(first.resultId);
    expect(linked).toMatchObject({ state: 'LINKED', linkSessionId: 'link-session-1' });

    const second = await seen(person);
    expect(await exchange(second.resultId)).toMatchObject({ state: 'DUPLICATE', itemId, requestIds: [] });
    expect(answered()).toEqual({ succeeded: 0, refused: 0 });

    const allowed = await seen(person);
    const again = await exchange(allowed.resultId, { allowDuplicates: true });
    expect(again).toMatchObject({ state: 'LINKED' });
    expect(again.itemId).not.toBe(itemId);
  });

  it('tells whether its item still is to be described, or its webhook to be moved', async () => {
    const moving = activitiesOf(parts, 'https://app.example/items');
    const named = { institutionName: 'First Bank' };
    const [unnamed, described, elsewhere] = [
      await seen(randomUUID()),
      await seen(randomUUID(), named),
      await seen(randomUUID(), named),
    ];
    expect(await exchange(unnamed.resultId)).toMatchObject({ isDescribed: false });
    expect(await exchange(described.resultId)).toMatchObject({ ...named, isDescribed: true });
    expect(await runActivity(moving.exchangeResult, elsewhere.resultId)).toMatchObject({
      isDescribed: false,
    });
  });

  it('of a duplicate is undone without a touch to the item that exists', async () => {
    const person = randomUUID();
    const { itemId } = await exchange((await seen(person)).resultId);
    const duplicate = await seen(person);
    await exchange(duplicate.resultId);
    expect(await runActivity(activities.removeResult, duplicate.resultId)).toMatchObject({
      state: 'DUPLICATE',
      itemId,
    });
    const { items } = sandbox.ledger().toJSON();
    expect(items.find((item) => item.itemId === itemId)!.live).toBe(true);
    expect(await vault.items.get(itemId!)).toMatchObject({ removedAt: undefined });
  });

  it('whose answer was lost is UNCERTAIN, not REMOVED, when its session is cancelled', async () => {
    const { resultId } = await seen(randomUUID());
    sandbox.fault('/item/public_token/exchange', { kind: 'reset_after_work' });
    expect(await failureOf(exchange(resultId))).toBeDefined();
    expect(await runActivity(activities.removeResult, resultId)).toMatchObject({ state: 'UNCERTAIN' });
    expect(sandbox.ledger().toJSON().items.at(-1)).toMatchObject({ live: true });
  });

  it('that never reached Plaid leaves no item behind when its session is cancelled', async () => {
    const { resultId } = await seen(randomUUID());
    sandbox.fault('/item/public_token/exchange', { kind: 'reset_before_work' });
    expect(await failureOf(exchange(resultId))).toBeDefined();
    const { state, itemId } = await runActivity(activities.removeResult, resultId);
    expect(state).toBe('REMOVED');
    const { items } = sandbox.ledger().toJSON();
    expect(items.find((item) => item.itemId === itemId)).toMatchObject({ live: false });
    expect(answered()).toEqual({ succeeded: 1, refused: 0 });
  });

  it('without a call on record is left to die when its session is cancelled', async () => {
    const { resultId } = await seen(randomUUID());
    expect(await runActivity(activities.removeResult, resultId)).toMatchObject({ state: 'REMOVED' });
    expect(answered()).toEqual({ succeeded: 0, refused: 0 });
  });

  it('waits without a call while another result with the same account is being exchanged', async () => {
    const person = randomUUID();
    const [first, second] = [await seen(person), await seen(person)];
    const acquired = await vault.results.acquire(first.resultId, LEASE_MS, { refuseDuplicates: true });
    expect(acquired.outcome).toBe('LEASED');
    expect(await failureOf(exchange(second.resultId))).toMatchObject({
      type: 'NOT_YET',
      message: 'the same account is being linked by another result; next check in 2 s',
    });
    expect(answered()).toEqual({ succeeded: 0, refused: 0 });
  });

  it('is one, when two attempts overlap', async () => {
    const { resultId } = await seen(randomUUID());
    let other: Promise<ApplicationFailure | undefined> | undefined;
    sandbox.fault(
      '/item/public_token/exchange',
      { kind: 'delay_before_work', holdMs: 3_000 },
      { matching: () => (other = failureOf(exchange(resultId))) !== undefined },
    );
    expect(await exchange(resultId)).toMatchObject({ state: 'LINKED' });
    expect(await other).toMatchObject({
      type: 'NOT_YET',
      message: expect.stringMatching(/^another attempt holds this result; its lease ends in \d+ s$/),
    });
    expect(await exchange(resultId)).toMatchObject({ state: 'LINKED' });
    expect(answered()).toEqual({ succeeded: 1, refused: 0 });
  });

  it('is not begun by an attempt that was held up until its lease ran short', async () => {
    const { resultId } = await seen(randomUUID());
    const { acquire } = vault.results;
    const clock = jest.spyOn(performance, 'now');
    vault.results.acquire = async (...args) => {
      const acquired = await acquire.apply(vault.results, args);
      const wokeAt = performance.now() + 10_000;
      clock.mockReturnValue(wokeAt);
      return acquired;
    };
    try {
      expect(await failureOf(exchange(resultId))).toMatchObject({ type: 'NOT_YET' });
    } finally {
      vault.results.acquire = acquire;
      clock.mockRestore();
    }
    expect(answered()).toEqual({ succeeded: 0, refused: 0 });
    expect(await exchange(resultId)).toMatchObject({ state: 'LINKED' });
    expect(answered()).toEqual({ succeeded: 1, refused: 0 });
  });

  it('wins late, with its accounts, over an attempt that had to give up', async () => {
    const person = randomUUID();
    const { resultId } = await seen(person);
    const { link } = vault.results;
    let goOn = () => {};
    const stored = new Promise<void>((resolve) => {
      vault.results.link = async (...args) => {
        vault.results.link = link;
        const heldUp = new Promise<void>((wakeUp) => (goOn = wakeUp));
        resolve();
        await heldUp;
        await link.apply(vault.results, args);
      };
    });
    const slow = exchange(resultId);
    await stored;
    const leaseOver = `UPDATE hosted_link.results SET leased_until = now() WHERE result_id = '${resultId}'`;
    await runSql(parts.databaseUrl, leaseOver);
    expect(await exchange(resultId)).toMatchObject({
      state: 'UNCERTAIN',
      errorCode: 'INVALID_INPUT/INVALID_PUBLIC_TOKEN',
      linkSessionId: 'link-session-1',
      requestIds: [expect.any(String)],
    });
    goOn();
    const late = await slow;
    expect(late).toMatchObject({ state: 'LINKED', errorCode: undefined });
    const next = await seen(person);
    expect(await exchange(next.resultId)).toMatchObject({ state: 'DUPLICATE', itemId: late.itemId });
  });

  it('waits after an error as long as calls were made, not as long as attempts waited', async () => {
    const { resultId } = await seen(randomUUID());
    sandbox.fault('/item/public_token/exchange', {
      kind: 'plaid_error',
      status: 503,
      errorType: 'API_ERROR',
      errorCode: 'INTERNAL_SERVER_ERROR',
    });
    const failure = await failureOf(exchange(resultId));
    expect(failure).toMatchObject({ type: 'API_ERROR/INTERNAL_SERVER_ERROR', nextRetryDelay: 2_000 });
    expect(await exchange(resultId)).toMatchObject({ state: 'LINKED' });
  });
});
