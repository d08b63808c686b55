import {
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createConnection } from 'node:net';
import { join, resolve } from 'node:path';
import type * as Pglite from '@electric-sql/pglite';
import type * as PgliteSocket from '@electric-sql/pglite-socket';
import type * as Locks from 'fs-native-extensions';
import { InputError } from '../../domain/input-error';
import { VaultError } from '../vault-error';

/** What PostgreSQL's clients look for in a folder that is given as the host. */
const SOCKET_NAME = '.s.PGSQL.5432';

/** The longest path of a Unix socket that every system takes, in bytes: macOS has 104, the closing zero included. */
const MAX_SOCKET_PATH_BYTES = 103;

/** All processes together; each holds up to 5. */
const MAX_CONNECTIONS = 100;

/**
 * After how many milliseconds without a word a connection is closed and its transaction rolled back: a client that is
 * stopped inside a transaction keeps everyone else waiting. Shorter than `idleInTransactionMs`: PGlite never ends a transaction
 * over that limit, but once it has passed, the ROLLBACK does not come back, and nothing is served any more (0.5.14, seen).
 */
const SILENT_CONNECTION_MS = 8_000;

/** An embedded database that this process owns. */
export interface EmbeddedDatabase {
  /** For `migrate` and `openVault`. */
  databaseUrl: string;
  /** Cuts off every connection, closes the database and gives up the lock. */
  close(): Promise<void>;
}

/**
 * Starts PGlite in `<dataDir>/vault`, which is made if need be, and serves it on a Unix socket there. One process at a
 * time owns the folder, by an OS lock that its death releases. The first start takes a few seconds.
 *
 * What was committed survives the death of the process, but not surely that of the machine: PGlite does not sync files.
 * @throws InputError naming HOSTED_LINK_DATA_DIR when its path is too long for a socket, or DATABASE_URL when PGlite is not installed
 * @throws VaultError VAULT_IN_USE naming the process that owns it, VAULT_FAILED when the folder or the database cannot be used
 */
export async function startEmbeddedDatabase(dataDir: string): Promise<EmbeddedDatabase> {
  const folder = vaultFolder(dataDir);
  const { pglite, pgliteSocket, locks } = loadPackages();
  const lock = lockFolder(folder, locks);
  try {
    const socket = join(folder, SOCKET_NAME);
    const database = await openDatabase(folder, pglite);
    let server: PgliteSocket.PGLiteSocketServer;
    try {
      // Left behind by an owner that was killed; there is no other, since the lock is ours.
      await rm(socket, { force: true });
      server = new pgliteSocket.PGLiteSocketServer({
        db: database,
        path: socket,
        maxConnections: MAX_CONNECTIONS,
        idleTimeout: SILENT_CONNECTION_MS,
      });
      await server.start();
    } catch (error) {
      await database.close();
      throw error;
    }
    let closing: Promise<void> | undefined;
    return {
      databaseUrl: embeddedDatabaseUrl(dataDir),
      close: () => {
        closing ??= (async () => {
          await server.stop();
          await database.close();
          ftruncateSync(lock);
          closeSync(lock);
        })();
        return closing;
      },
    };
  } catch (error) {
    closeSync(lock);
    throw unusable(folder, error);
  }
}

/**
 * The connection string of the embedded database in `dataDir`, whether it runs or not.
 * @throws InputError naming HOSTED_LINK_DATA_DIR when its path is too long for a socket
 */
export function embeddedDatabaseUrl(dataDir: string): string {
  return `postgresql://postgres@/postgres?host=${encodeURIComponent(vaultFolder(dataDir))}`;
}

/**
 * True when some process serves the embedded database in `dataDir`.
 * @throws InputError naming HOSTED_LINK_DATA_DIR when its path is too long for a socket
 */
export function isEmbeddedDatabaseRunning(dataDir: string): Promise<boolean> {
  const path = join(vaultFolder(dataDir), SOCKET_NAME);
  return new Promise((resolve) => {
    const connection = createConnection({ path });
    const settle = (running: boolean) => {
      connection.destroy();
      resolve(running);
    };
    connection.once('connect', () => settle(true));
    connection.once('error', () => settle(false));
  });
}

interface Packages {
  pglite: typeof Pglite;
  pgliteSocket: typeof PgliteSocket;
  locks: typeof Locks;
}

/**
 * Loads what only an embedded database needs: optional packages, which production does without.
 * @throws InputError naming DATABASE_URL when one of them is not installed
 */
function loadPackages(): Packages {
  const load = createRequire(__filename);
  try {
    return {
      pglite: load('@electric-sql/pglite') as Packages['pglite'],
      pgliteSocket: load('@electric-sql/pglite-socket') as Packages['pgliteSocket'],
      locks: load('fs-native-extensions') as Packages['locks'],
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new InputError(
      'DATABASE_URL',
      'not set, and the embedded database for development is not installed',
      'set it, or run npm install @electric-sql/pglite @electric-sql/pglite-socket fs-native-extensions',
    );
  }
}

function vaultFolder(dataDir: string): string {
  const folder = resolve(dataDir, 'vault');
  const excess = Buffer.byteLength(join(folder, SOCKET_NAME)) - MAX_SOCKET_PATH_BYTES;
  if (excess > 0) {
    throw new InputError(
      'HOSTED_LINK_DATA_DIR',
      `its path is ${excess} bytes too long for a Unix socket inside`,
      `choose a folder with a path of at most ${Buffer.byteLength(resolve(dataDir)) - excess} bytes, or set DATABASE_URL`,
    );
  }
  return folder;
}

/**
 * Makes the folder, for this user alone, and takes its lock. Gives the descriptor that holds the lock: a bare one, since a
 * `FileHandle` closes itself, and so gives up the lock, when its owner forgets it.
 */
function lockFolder(folder: string, { tryLock }: Packages['locks']): number {
  let descriptor: number | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    const path = join(folder, 'lock');
    descriptor = openSync(path, 'a', 0o600);
    if (tryLock(descriptor)) {
      ftruncateSync(descriptor);
      writeSync(descriptor, String(process.pid));
      return descriptor;
    }
    const holder = readFileSync(path, 'utf8');
    throw new VaultError(
      'VAULT_IN_USE',
      `the embedded vault in ${folder} is in use by ${/^\d+$/.test(holder) ? `process ${holder}` : 'another process'}`,
      'stop that one, choose another HOSTED_LINK_DATA_DIR, or set DATABASE_URL',
    );
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    throw unusable(folder, error);
  }
}

async function openDatabase(folder: string, { PGlite }: Packages['pglite']): Promise<Pglite.PGlite> {
  const dataDir = join(folder, 'database');
  if (!existsSync(dataDir)) {
    // Made aside and then renamed: what a death in the middle leaves behind is never taken for a database.
    const unfinished = join(folder, 'database.new');
    await rm(unfinished, { recursive: true, force: true });
    const fresh = await PGlite.create({ dataDir: unfinished });
    await fresh.close();
    await rename(unfinished, dataDir);
  }
  return PGlite.create({ dataDir });
}

function unusable(folder: string, error: unknown): Error {
  if (error instanceof VaultError || error instanceof InputError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  return new VaultError(
    'VAULT_FAILED',
    `the embedded vault in ${folder} cannot be opened (${code ?? (error as Error).message})`,
    'check the folder, or set DATABASE_URL',
  );
}
