import { createHash, randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { parseKeyRing } from '../../src/secrets/key-ring';
import { Secret } from '../../src/secrets/secret';
import { migrate, openVault, ringKeyProvider } from '../../src/vault';
import type { Vault } from '../../src/vault';
import { runSql, startPostgres } from '../../testing/postgres';
import type { Bench, BenchContext, Row } from '../bench';
import { packageVersion } from '../machine';
import { alternate, compare, makeCalls, measureGrowth, state } from '../measure';
import { PlainSql } from '../baselines/plain-sql';

const SOURCE = 'HOSTED_LINK_VAULT_KEYS';
const KEY_IDS = ['bench-1', 'bench-2'];
const KEYS = KEY_IDS.map((id) => `${id}:${randomBytes(32).toString('base64')}`);
const LEASE_MS = 30_000;
const READ = { actor: 'bench', purpose: 'bench' };

/** The stores and reads of a round. */
const COUNT = { full: 300, smoke: 20 };

/** The items whose data keys are re-wrapped in a round, with those of their sessions. */
const REWRAPPED = { full: 2_000, smoke: 20 };

/** How many are under way at any time: more than there are connections. */
const AT_ONCE = 20;

export const vault: Bench = {
  name: 'vault',
  what: 'stores, reads and re-wraps of the vault, beside plain SQL that writes the same bytes to the same PostgreSQL',
  async run(context) {
    // With a disk that has to be waited for: what production has.
    const postgres = await startPostgres({ durable: true });
    if (!postgres) throw new Error('it needs PostgreSQL');
    try {
      const newDatabase = async () => {
        const databaseUrl = await postgres.createDatabase();
        await migrate(databaseUrl);
        return databaseUrl;
      };
      const [{ version }] = (await runSql<{ version: string }>(
        postgres.databaseUrl,
        "SELECT current_setting('server_version') AS version",
      )) as [{ version: string }];
      const setting = await VaultSetting.open(await newDatabase());
      try {
        const rows = [
          ...(await statements(setting)),
          ...(await stores(setting, context)),
          ...(await reads(setting, context)),
          ...(await rewraps([await newDatabase(), await newDatabase()], context)),
        ];
        const { row, plot } = await measureGrowth(
          {
            name: 'vault-growth',
            what: 'stored tokens',
            leastWork: COUNT[context.scale] / 4,
            rounds: context.rounds,
          },
          async (calls) => {
            const results = await setting.newResults(calls);
            return (await makeCalls({ calls, atOnce: AT_ONCE }, (index) => setting.link(results[index]!)))
              .seconds;
          },
        );
        return {
          rows: [...rows, row],
          plots: [plot],
          versions: { PostgreSQL: version, pg: packageVersion('pg') },
        };
      } finally {
        await setting.close();
      }
    } finally {
      await postgres.stop();
    }
  },
};

/** A result whose token is in hand. */
interface SeenResult {
  sessionKey: string;
  resultId: string;
  itemId: string;
  token: string;
}

/** A vault, and plain SQL on its tables. */
class VaultSetting {
  #sessions = 0;

  private constructor(
    readonly vault: Vault,
    readonly plain: PlainSql,
  ) {}

  static async open(databaseUrl: string): Promise<VaultSetting> {
    const opened = await openWith(databaseUrl, KEYS);
    return new VaultSetting(opened, new PlainSql(databaseUrl, KEY_IDS[0]!));
  }

  /** Sessions, each with a result whose token is in hand. */
  async newResults(count: number): Promise<SeenResult[]> {
    const results = Array.from({ length: count }, () => this.#newResult());
    await makeCalls({ calls: count, atOnce: AT_ONCE }, async (index) => {
      await this.claim(results[index]!);
      await this.record(results[index]!);
    });
    return results;
  }

  /** What the activities of a session with one bank do with the vault, from its claim to its end. */
  async playSession(): Promise<void> {
    const { sessions, results } = this.vault;
    const result = this.#newResult();
    await this.claim(result);
    await this.record(result);
    await results.list(result.sessionKey);
    await results.acquire(result.resultId, LEASE_MS, { refuseDuplicates: true });
    await this.link(result);
    await results.get(result.resultId);
    await sessions.end(result.sessionKey, 'COMPLETED', result.sessionKey);
  }

  async claim({ sessionKey }: SeenResult): Promise<void> {
    await this.vault.sessions.claim({
      key: sessionKey,
      plaidFlow: 'link_delivery',
      firstRunId: sessionKey,
      requestDigest: createHash('sha256').update(sessionKey).digest('hex'),
      plaidSessionHash: createHash('sha256').update(sessionKey).digest('hex').slice(0, 32),
    });
  }

  async record({ sessionKey, token }: SeenResult): Promise<void> {
    await this.vault.results.record(sessionKey, [{ kind: 'access_token', token: new Secret(token) }]);
  }

  async link({ resultId, itemId, token }: SeenResult): Promise<void> {
    await this.vault.results.link(resultId, {
      itemId,
      accessToken: new Secret(token),
      requestId: 'bench-request',
    });
  }

  async close(): Promise<void> {
    await this.vault.close();
    await this.plain.close();
  }

  #newResult(): SeenResult {
    const number = String(++this.#sessions).padStart(12, '0');
    const token = `access-sandbox-3f0c1d7e-0000-4000-8000-${number}`;
    const resultId = createHash('sha256').update(token).digest('hex');
    return { sessionKey: `bench-${number}`, resultId, itemId: `item-${number}`, token };
  }
}

function openWith(databaseUrl: string, keys: readonly string[]): Promise<Vault> {
  const provider = ringKeyProvider(parseKeyRing(keys.join(','), SOURCE), SOURCE);
  return openVault({ databaseUrl, keys: provider, environment: 'sandbox' });
}

/** What the vault asks of the database for a session. BEGIN and COMMIT count as statements. */
async function statements(setting: VaultSetting): Promise<Row[]> {
  await setting.playSession();
  const query = Client.prototype.query as (...args: unknown[]) => Promise<unknown>;
  const underWay = new Map<Client, number>();
  let count = 0;
  let roundTrips = 0;
  Object.assign(Client.prototype, {
    query(this: Client, ...args: unknown[]) {
      const before = underWay.get(this) ?? 0;
      count++;
      // What goes out while another is under way waits for nothing of its own.
      if (before === 0) roundTrips++;
      underWay.set(this, before + 1);
      const answer = query.apply(this, args);
      return answer.finally(() => underWay.set(this, underWay.get(this)! - 1));
    },
  });
  try {
    await setting.playSession();
  } finally {
    Object.assign(Client.prototype, { query });
  }
  const what = 'a session with one bank, from its claim to its end';
  return [state(what, 'statements', [count]), state(what, 'round trips', [roundTrips])];
}

async function stores(setting: VaultSetting, { scale, rounds, log }: BenchContext): Promise<Row[]> {
  const count = COUNT[scale];
  log(`${count} stores a round, ${AT_ONCE} at once`);
  const round = (store: (result: SeenResult) => Promise<void>) => async () => {
    const results = await setting.newResults(count);
    const { seconds } = await makeCalls({ calls: count, atOnce: AT_ONCE }, (index) => store(results[index]!));
    return { rate: count / seconds };
  };
  const { plain } = setting;
  const { ours, transaction, insert } = await alternate(
    {
      ours: round((result) => setting.link(result)),
      transaction: round(({ sessionKey, resultId, itemId, token }) =>
        plain.linkItem(sessionKey, resultId, itemId, token),
      ),
      insert: round(({ sessionKey, itemId, token }) => plain.insertItem(sessionKey, itemId, token)),
    },
    { rounds },
  );
  const stored = { what: 'tokens stored', unit: 'stores/s', ours: ours.rate };
  return [
    compare({
      ...stored,
      baseline: { name: 'the same rows in a plain transaction', values: transaction.rate },
      reach: { op: '>=', value: 0.8 },
    }),
    compare({ ...stored, baseline: { name: 'one plain INSERT', values: insert.rate } }),
  ];
}

async function reads(setting: VaultSetting, { scale, rounds, log }: BenchContext): Promise<Row[]> {
  const count = COUNT[scale];
  log(`${count} reads a round, ${AT_ONCE} at once`);
  const results = await setting.newResults(count);
  await makeCalls({ calls: count, atOnce: AT_ONCE }, (index) => setting.link(results[index]!));
  const round = (read: (itemId: string) => Promise<unknown>) => async () => {
    const { seconds } = await makeCalls({ calls: count, atOnce: AT_ONCE }, (index) =>
      read(results[index]!.itemId),
    );
    return { rate: count / seconds };
  };
  const { plain } = setting;
  const { ours, audited, bare } = await alternate(
    {
      ours: round((itemId) => setting.vault.withAccessToken({ itemId, ...READ }, async () => undefined)),
      audited: round((itemId) => plain.readItem(itemId, READ.actor, READ.purpose)),
      bare: round((itemId) => plain.readUnseen(itemId)),
    },
    { rounds },
  );
  const read = { what: 'tokens read', unit: 'reads/s', ours: ours.rate };
  return [
    compare({
      ...read,
      baseline: { name: 'plain INSERT of the audit row, and SELECT', values: audited.rate },
      reach: { op: '>=', value: 0.8 },
    }),
    compare({ ...read, baseline: { name: 'plain SELECT, without an audit', values: bare.rate } }),
  ];
}

/** All data keys of a database, from one key to the other and back; and as many in another, whose bytes then open nothing. */
async function rewraps(databaseUrls: [string, string], { scale, rounds, log }: BenchContext): Promise<Row[]> {
  const count = REWRAPPED[scale];
  log(`the data keys of ${count} items and their sessions re-wrapped in a round`);
  for (const databaseUrl of databaseUrls) {
    const setting = await VaultSetting.open(databaseUrl);
    const results = await setting.newResults(count);
    await makeCalls({ calls: count, atOnce: AT_ONCE }, (index) => setting.link(results[index]!));
    await setting.close();
  }
  const plainSql = new PlainSql(databaseUrls[1], KEY_IDS[0]!);
  let keys = KEYS;
  let plainKeyIds = KEY_IDS;
  try {
    const { ours, plain } = await alternate(
      {
        ours: async () => {
          keys = keys.toReversed();
          const opened = await openWith(databaseUrls[0], keys);
          try {
            const startedMs = performance.now();
            const { moved } = await opened.rotateKeys();
            if (moved < 2 * count) throw new Error(`only ${moved} data keys were re-wrapped`);
            return { rate: (moved * 1_000) / (performance.now() - startedMs) };
          } finally {
            await opened.close();
          }
        },
        plain: async () => {
          plainKeyIds = plainKeyIds.toReversed();
          const startedMs = performance.now();
          const written = await plainSql.rewriteDataKeys(plainKeyIds[0]!);
          return { rate: (written * 1_000) / (performance.now() - startedMs) };
        },
      },
      { rounds },
    );
    return [
      compare({
        what: 'data keys re-wrapped',
        unit: 'rows/s',
        ours: ours.rate,
        baseline: { name: 'plain SELECT and UPDATE, in batches', values: plain.rate },
        reach: { op: '>=', value: 0.8 },
      }),
    ];
  } finally {
    await plainSql.close();
  }
}
