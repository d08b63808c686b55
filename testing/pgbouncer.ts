import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePorts, startChild } from './child-server';
import { runSql } from './postgres';

const READY_TIMEOUT_MS = 20_000;

/** The user that it runs as when the tests run as root, which it refuses. */
const UNPRIVILEGED_USER = 'postgres';

/** A connection pooler in front of a PostgreSQL. */
export interface Pgbouncer {
  /** Of the same database, through it. */
  databaseUrl: string;
  stop: () => Promise<void>;
}

/**
 * Why there is no PgBouncer to test with; undefined when there is one.
 * @throws in CI, where its tests are not optional
 */
export function whyNoPgbouncer(): string | undefined {
  if (findPgbouncer() !== undefined) return undefined;
  const reason = 'neither PATH nor /usr/sbin has pgbouncer; install PgBouncer';
  if (process.env.CI) throw new Error(`no PgBouncer to test with: ${reason}`);
  return reason;
}

/**
 * Starts PgBouncer on a free loopback port. It gives each transaction any of 3 connections, so that what one transaction leaves on
 * its connection is another client's next.
 */
export async function startPgbouncer(databaseUrl: string): Promise<Pgbouncer> {
  const { username, password, hostname, port, pathname } = new URL(databaseUrl);
  const [listenPort] = await freePorts(1);
  const folder = await mkdtemp(join(tmpdir(), 'hosted-link-pgbouncer-'));
  await chmod(folder, 0o755);
  const users = join(folder, 'users.txt');
  const settings = join(folder, 'pgbouncer.ini');
  await writeFile(users, `"${username}" "${password}"\n`);
  await writeFile(
    settings,
    [
      '[databases]',
      `* = host=${hostname} port=${port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${listenPort}`,
      'unix_socket_dir =',
      'auth_type = plain',
      `auth_file = ${users}`,
      'pool_mode = transaction',
      'default_pool_size = 3',
      '',
    ].join('\n'),
  );
  const asUser = process.getuid?.() === 0 ? ['-u', UNPRIVILEGED_USER] : [];
  const child = startChild(findPgbouncer()!, [...asUser, settings], process.env);
  const throughIt = `postgresql://${username}:${password}@127.0.0.1:${listenPort}${pathname}`;
  const stop = async () => {
    await child.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const answers = async () =>
    await runSql(throughIt, 'SELECT 1').then(
      () => true,
      () => false,
    );
  try {
    await child.until(answers, READY_TIMEOUT_MS);
  } catch (error) {
    await stop();
    throw error;
  }
  return { databaseUrl: throughIt, stop };
}

function findPgbouncer(): string | undefined {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
    .map((folder) => join(folder, 'pgbouncer'))
    .find((path) => existsSync(path));
}
