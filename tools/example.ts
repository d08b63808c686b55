/*
 * `npm run example`: the application of examples/app, as a process of its own, with all that it needs: a Temporal server, the
 * offline Plaid, a worker with its vault, and a database. Runs until Ctrl-C, and leaves nothing behind.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { startEmbeddedDatabase } from '../src/vault';
import { freePorts, startChild } from '../testing/child-server';
import type { Closers } from '../testing/closers';
import { makeDataDir } from '../testing/data-dir';
import { runInterruptible } from '../testing/interrupts';
import { startDemoDeployment } from './demo/deployment';

const APP = join(__dirname, '../examples/app/main.ts');

/** In milliseconds. */
const READY_TIMEOUT_MS = 60_000;

const log = (line: string) => void process.stdout.write(`${line}\n`);

/** Runs the application until the abort. */
async function runExample(closers: Closers, signal: AbortSignal): Promise<never> {
  const dataDir = await makeDataDir(undefined);
  closers.push(() => dataDir.remove());
  // On another server the sessions of an earlier run might be remembered, by the same keys.
  delete process.env['TEMPORAL_ADDRESS'];
  log('Starting a Temporal server, the offline Plaid, a worker and the application ...');
  const { env, temporalServer: server } = await startDemoDeployment(dataDir.path, closers, log);
  signal.throwIfAborted();
  const database = await startEmbeddedDatabase(join(dataDir.path, 'app'));
  closers.push(() => database.close());

  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const app = startChild(
    process.execPath,
    ['--import', 'tsx', APP],
    {
      ...env,
      // Nothing here leaves this machine.
      no_proxy: '127.0.0.1',
      APP_URL: url,
      APP_PORT: String(port),
      APP_COOKIE_SECRET: randomBytes(32).toString('base64url'),
      APP_DATABASE_URL: database.databaseUrl,
      // All connections to an embedded database are one session.
      APP_DATABASE_CONNECTIONS: '1',
    },
    { logFile: join(dataDir.path, 'app.log') },
  );
  closers.push(() => app.stop());
  await app.until(async () => app.said().includes('Server listening'), READY_TIMEOUT_MS);
  signal.throwIfAborted();
  log(`application: process ${app.pid}`);
  log('');
  log(`Open ${url} in a browser. At the bank, sign in with user_good / pass_good.`);
  if (server.uiAddress !== undefined) log(`Temporal Web UI, with the sessions: ${server.uiAddress}`);
  log('Ctrl-C ends the example.');
  await once(signal, 'abort');
  throw signal.reason;
}

void runInterruptible({ name: 'example', log }, runExample);
