import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseKeyRing } from '../src/secrets/key-ring';
import { type KeyProvider, migrate, openVault, ringKeyProvider, type Vault } from '../src/vault';
import { startPglite } from './pglite';
import { runSql, startPostgres, whyNoPostgres } from './postgres';

/** A server for the tests of one file. */
export interface TestServer {
  name: 'PGlite' | 'PostgreSQL';
  /** An empty database; on PGlite, which has one only, what was there before is gone. */
  emptyDatabase(): Promise<string>;
}

interface RunningServer extends TestServer {
  stop(): Promise<void>;
}

/**
 * Runs the same tests on PGlite and on PostgreSQL, one after the other. Without PostgreSQL's binaries the second run is
 * skipped by name, and fails in CI.
 */
export function describeOnEachDatabase(tests: (server: TestServer) => void): void {
  describeOn('PGlite', startEmbedded, tests);
  describeOnPostgres(tests);
}

/** As {@link describeOnEachDatabase}, on PostgreSQL alone. */
export function describeOnPostgres(tests: (server: TestServer) => void): void {
  const reason = whyNoPostgres();
  if (reason === undefined) {
    describeOn('PostgreSQL', startServer, tests);
    return;
  }
  process.stderr.write(`skipping the tests on PostgreSQL: ${reason}\n`);
  describe('on PostgreSQL', () => test.skip(`skipped: ${reason}`, () => undefined));
}

/** A key ring with one new key, as a provider. */
export function newKeys(id = 'test-1'): KeyProvider {
  return keysOf(newKey(id));
}

/** The keys of a ring, each in its textual form, the primary first. */
export function keysOf(...keys: string[]): KeyProvider {
  return ringKeyProvider(parseKeyRing(keys.join(','), 'HOSTED_LINK_VAULT_KEYS'), 'HOSTED_LINK_VAULT_KEYS');
}

/** A new key in the textual form of a ring. */
export function newKey(id: string): string {
  return `${id}:${randomBytes(32).toString('base64')}`;
}

/** Migrates and opens a vault of the Plaid sandbox. */
export async function prepareVault(databaseUrl: string, keys = newKeys()): Promise<Vault> {
  await migrate(databaseUrl);
  return openVault({ databaseUrl, keys, environment: 'sandbox' });
}

/** A new temporary folder. */
export function makeFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'hosted-link-vault-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

function describeOn(
  name: TestServer['name'],
  start: () => Promise<RunningServer>,
  tests: (server: TestServer) => void,
): void {
  describe(`on ${name}`, () => {
    let server: RunningServer;
    beforeAll(async () => {
      server = await start();
    }, 60_000);
    afterAll(() => server.stop());
    tests({ name, emptyDatabase: () => server.emptyDatabase() });
  });
}

async function startEmbedded(): Promise<RunningServer> {
  const folder = makeFolder();
  const owner = await startPglite(folder.path);
  return {
    name: 'PGlite',
    async emptyDatabase() {
      await runSql(owner.databaseUrl, 'DROP SCHEMA IF EXISTS hosted_link CASCADE');
      return owner.databaseUrl;
    },
    async stop() {
      await owner.stop();
      folder.remove();
    },
  };
}

async function startServer(): Promise<RunningServer> {
  const postgres = (await startPostgres())!;
  return { name: 'PostgreSQL', emptyDatabase: () => postgres.createDatabase(), stop: () => postgres.stop() };
}
