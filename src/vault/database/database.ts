import { Client, Pool, type PoolClient } from 'pg';
import { sha256 } from '../../secrets/digest';
import { InputError } from '../../domain/input-error';
import { isConflict, lostPreparedStatement, translateDatabaseError } from './database-error';

/**
 * Time limits, in milliseconds. PGlite heeds none of the server's own limits (`statementMs`, `lockMs`,
 * `idleInTransactionMs`); the client's hold on both.
 */
export interface TimeLimits {
  /** For a connection, waiting for a free one of the pool included. */
  connectMs: number;
  /** For the answer to one statement, by the client's clock. The connection is given up after it. */
  answerMs: number;
  /** For one statement, by the server's clock. */
  statementMs: number;
  /** For one lock. */
  lockMs: number;
  /** For the pause between two statements of a transaction. */
  idleInTransactionMs: number;
}

/** The vault's time limits. Its statements touch a few rows by their keys; these bounds are for a server in trouble. */
export const VAULT_LIMITS: TimeLimits = {
  connectMs: 10_000,
  answerMs: 20_000,
  statementMs: 15_000,
  lockMs: 10_000,
  idleInTransactionMs: 10_000,
};

/** After how many milliseconds an unused connection is closed. Shorter than the embedded database's own limit. */
const IDLE_CONNECTION_MS = 5_000;

/** Connections of one process. */
const POOL_SIZE = 5;

/** How often a transaction is tried when the server ends it over another (a deadlock, a serialization failure). */
const MAX_ATTEMPTS = 5;

/** What a transaction may do: run statements. Rows come back as `pg` reads them. */
export interface Transaction {
  query: Query;
  /** Runs the last statement and commits, in one round trip. Nothing can follow. */
  finish: Query;
}

/** Runs one statement. @throws VaultError VAULT_UNREACHABLE or VAULT_FAILED, without any value of the statement */
type Query = <Row>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

/**
 * A pool of connections to the vault's database.
 *
 * Every statement runs inside an explicit transaction, also a single one. On PGlite this is what keeps connections apart:
 * its socket server lets the messages of several connections take turns on one backend one by one, and holds the backend
 * for one connection only between BEGIN and COMMIT. Statements outside a transaction were seen to get the rows of another
 * connection's statement.
 *
 * Statements with values are prepared: each connection has one parsed once. Where that does not hold, as behind an older
 * connection pooler or on PGlite, where connections share a backend, the first statement that is lost ends it for this process.
 */
export class Database {
  readonly #pool: Pool;
  readonly #where: string;
  readonly #begin: string;
  /** The name that each statement is prepared under, by its text. */
  readonly #names = new Map<string, string>();
  #prepares = true;

  /** @throws InputError naming DATABASE_URL */
  constructor(databaseUrl: string, limits: TimeLimits = VAULT_LIMITS) {
    this.#where = describeTarget(databaseUrl);
    // The limits go with BEGIN in one message: no round trip more, and they hold behind a connection pooler too.
    this.#begin = [
      'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE',
      `SET LOCAL statement_timeout = ${limits.statementMs}`,
      `SET LOCAL lock_timeout = ${limits.lockMs}`,
      `SET LOCAL idle_in_transaction_session_timeout = ${limits.idleInTransactionMs}`,
    ].join('; ');
    this.#pool = new Pool({
      connectionString: databaseUrl,
      application_name: 'hosted-link',
      max: POOL_SIZE,
      connectionTimeoutMillis: limits.connectMs,
      idleTimeoutMillis: IDLE_CONNECTION_MS,
      query_timeout: limits.answerMs,
      keepAlive: true,
      // A statement goes out without waiting for the answer to the one before; each still answers and fails for itself.
      pipeline: true,
    });
    // An idle connection that breaks is replaced on next use; without a listener it would end the process.
    this.#pool.on('error', () => undefined);
  }

  /**
   * Runs one statement in a transaction of its own, in one round trip; and again as {@link Database.transaction} does.
   * @throws VaultError VAULT_UNREACHABLE or VAULT_FAILED
   */
  async query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    return await this.transaction(({ finish }) => finish(text, values));
  }

  /**
   * Runs `work` in a transaction, and again (up to 5 times in all) when the server ended it over another transaction, or had lost
   * a prepared statement; so `work` does nothing but talk to the database.
   * @throws VaultError VAULT_UNREACHABLE or VAULT_FAILED, or what `work` throws, after a rollback
   */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return await this.#tried(async (query) => {
      // It goes out together with the first statement, whose rows count only once it has begun.
      const begun = settled(query(this.#begin));
      let committed: Promise<unknown> | undefined;
      const run = async <Row>(text: string, values?: readonly unknown[], isLast = false) => {
        const rows = settled(query<Row>(text, values));
        // Where the statement fails, this COMMIT is a ROLLBACK.
        if (isLast) committed = settled(query('COMMIT'));
        await begun;
        return await rows;
      };
      const result = await work({
        query: (text, values) => run(text, values),
        finish: (text, values) => run(text, values, true),
      });
      await begun;
      await (committed ?? query('COMMIT'));
      return result;
    });
  }

  /** Asks for an answer. @throws VaultError VAULT_UNREACHABLE or VAULT_FAILED */
  async ping(): Promise<void> {
    await this.query('SELECT 1');
  }

  /** Closes the connections, after the transactions under way have ended. */
  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #tried<T>(attempt: (query: Query) => Promise<T>): Promise<T> {
    for (let count = 1; ; count++) {
      try {
        return await this.#withConnection(attempt);
      } catch (error) {
        const isLost = lostPreparedStatement(error);
        if (isLost) this.#prepares = false;
        if (!(isLost || isConflict(error)) || count === MAX_ATTEMPTS) throw error;
      }
    }
  }

  async #withConnection<T>(use: (query: Query) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let broken = false;
    const onError = () => {
      broken = true;
    };
    client.on('error', onError);
    const query = async <Row>(text: string, values?: readonly unknown[]): Promise<Row[]> => {
      try {
        const result = await (values
          ? client.query({ text, values: [...values], name: this.#nameOf(text) })
          : client.query(text));
        return result.rows as Row[];
      } catch (error) {
        const translated = translateDatabaseError(error, this.#where);
        if (translated.code === 'VAULT_UNREACHABLE') broken = true;
        throw translated;
      }
    };
    try {
      return await use(query);
    } catch (error) {
      // A transaction that cannot be rolled back ends with its connection.
      if (!broken) await query('ROLLBACK').catch(onError);
      throw error;
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  }

  /** By its text, since a pooler may give a connection that another process prepared statements on. */
  #nameOf(text: string): string | undefined {
    if (!this.#prepares) return undefined;
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = `hosted_link_${sha256(text).slice(0, 16)}`;
    this.#names.set(text, name);
    return name;
  }

  async #connect(): Promise<PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw translateDatabaseError(error, this.#where);
    }
  }
}

/** The same promise, whose rejection may be looked at later. */
function settled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** The server that a connection string names, for messages: host and port or a socket's folder, never the user. */
function describeTarget(databaseUrl: string): string {
  const remedy = 'write it as postgresql://user:password@host:5432/database';
  if (!/^postgres(ql)?:\/\//.test(databaseUrl))
    throw new InputError('DATABASE_URL', 'is not a PostgreSQL connection string', remedy);
  let client: Client;
  try {
    client = new Client({ connectionString: databaseUrl });
  } catch {
    // The parser's error holds the whole string, its password included.
    throw new InputError('DATABASE_URL', 'is a malformed PostgreSQL connection string', remedy);
  }
  return client.host.startsWith('/')
    ? `PostgreSQL on the Unix socket in ${client.host}`
    : `PostgreSQL at ${client.host}:${client.port}`;
}
