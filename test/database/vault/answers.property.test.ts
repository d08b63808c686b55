import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describeOnEachDatabase, prepareVault } from '../../../testing/databases';
import type { Vault } from '../../../src/vault';
import { linkTokenGetAnswer } from '../../../src/plaid/link-token-get';
import { exchangeAnswer, itemGetAnswer, plaidErrorAnswer } from '../../../src/plaid/schemas';
import { Secret } from '../../../src/secrets/secret';

/** Texts at and over the bounds of the vault's columns, and those that a database may not take. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', '\0', 'a\0b', '\ud800', '\u202e\u001b]0;x\u0007', "'; DROP TABLE x; --"),
  fc
    .tuple(fc.constantFrom('a', 'é', '💶', 'A', '\0'), fc.constantFrom(99, 100, 199, 200, 201, 499, 500, 501))
    .map(([character, length]) => character.repeat(length)),
);
const told = fc.option(text, { nil: undefined });
const RUNS = { numRuns: 60 };

describeOnEachDatabase((server) => {
  let vault: Vault;
  beforeAll(async () => {
    vault = await prepareVault(await server.emptyDatabase());
  });
  afterAll(() => vault.close());

  /** A session with one result of an access token. */
  async function newResult(): Promise<string> {
    const key = randomUUID();
    await vault.sessions.claim({ key, plaidFlow: 'hosted_link', firstRunId: 'run', requestDigest: 'digest' });
    const [row] = await vault.results.record(key, [
      { kind: 'access_token', token: new Secret(randomUUID()) },
    ]);
    return row!.resultId;
  }

  test('an item is stored, whatever Plaid tells of it', async () => {
    const answer = fc.record({
      item: fc.record({ item_id: text, institution_id: told, institution_name: told }),
      request_id: fc.constant('request'),
    });
    await fc.assert(
      fc.asyncProperty(answer, fc.uuid(), async (given, id) => {
        const read = itemGetAnswer.safeParse({ ...given, item: { ...given.item, item_id: id } });
        expect(read.success).toBe(true);
        const { institution_id: institutionId, institution_name: institutionName } = read.data!.item;
        const institution = { institutionId, institutionName };
        const resultId = await newResult();
        await vault.results.link(resultId, {
          itemId: id,
          ...institution,
          accessToken: new Secret(randomUUID()),
          requestId: 'request',
        });
        await vault.items.describe(id, institution);
        expect((await vault.results.get(resultId))!.state).toBe('LINKED');
      }),
      RUNS,
    );
  });

  test('an item id that was read can be stored', async () => {
    let stored = 0;
    await fc.assert(
      fc.asyncProperty(text, async (id) => {
        const read = exchangeAnswer.safeParse({ access_token: 'a', item_id: id, request_id: 'request' });
        if (!read.success) return;
        await vault.results.link(await newResult(), {
          itemId: read.data.item_id,
          accessToken: read.data.access_token,
          requestId: read.data.request_id,
        });
        stored += 1;
      }),
      RUNS,
    );
    expect(stored).toBeGreaterThan(10);
  });

  test('a token of a visit is recorded, whatever Plaid tells of the visit', async () => {
    const visit = fc.record({
      link_session_id: told,
      results: fc.record({
        item_add_results: fc.array(
          fc.record({
            public_token: fc.uuid(),
            institution: fc.record({ institution_id: told, name: told }),
            accounts: fc.array(fc.record({ name: told, mask: told }), { maxLength: 2 }),
          }),
          { minLength: 1, maxLength: 2 },
        ),
      }),
    });
    await fc.assert(
      fc.asyncProperty(visit, async (given) => {
        const { linkSessions } = linkTokenGetAnswer.parse({ link_token: 'x', link_sessions: [given] });
        const key = randomUUID();
        await vault.sessions.claim({
          key,
          plaidFlow: 'hosted_link',
          firstRunId: 'run',
          requestDigest: 'digest',
        });
        const tokens = linkSessions.flatMap(({ linkSessionId, results }) =>
          results.map(({ publicToken: token, ...described }) => ({
            kind: 'public_token' as const,
            token,
            linkSessionId,
            ...described,
          })),
        );
        expect(tokens.length).toBeGreaterThan(0);
        await vault.results.record(key, tokens);
      }),
      RUNS,
    );
  });

  test('an error that was read can be kept of a result', async () => {
    const constant = fc.oneof(
      text,
      fc.nat({ max: 120 }).map((length) => 'E'.repeat(length)),
      fc.nat({ max: 120 }).map((length) => 'e'.repeat(length)),
    );
    await fc.assert(
      fc.asyncProperty(constant, constant, async (error_type, error_code) => {
        const read = plaidErrorAnswer.safeParse({ error_type, error_code });
        if (!read.success) return;
        const resultId = await newResult();
        const acquired = await vault.results.acquire(resultId, 60_000);
        const errorCode = `${read.data.error_type}/${read.data.error_code}`;
        await vault.results.release(resultId, acquired.outcome === 'LEASED' ? acquired.fence : 0, {
          errorCode,
          requestId: read.data.request_id,
          answered: true,
        });
        expect((await vault.results.get(resultId))!.errorCode).toBe(errorCode);
      }),
      { numRuns: 150 },
    );
  });
});
