import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { Configuration, PlaidApi } from 'plaid';
import type { EventStreams } from '../examples/app/event-streams';
import { createServer } from '../examples/app/server';
import { freePorts } from './child-server';
import { type Harness, PLAID_CLIENT_ID, PLAID_SECRET } from './harness';
import { startPglite } from './pglite';

/** The service of examples/app, in this process. */
export interface ExampleApp {
  /** Its origin. */
  url: string;
  /** Its own. */
  databaseUrl: string;
  streams: EventStreams;
  /** All lines that it has logged. */
  log: readonly string[];
  close(): Promise<void>;
}

/** Starts the service of examples/app beside a harness, on the database of another one or on its own. */
export async function startExampleApp(
  { temporal, vault, sandbox }: Harness,
  other?: ExampleApp,
): Promise<ExampleApp> {
  const [port] = await freePorts(1);
  const url = new URL(`http://127.0.0.1:${port}`);
  const own = other ? undefined : await startDatabase();
  const { databaseUrl } = (other ?? own)!;
  // All connections to an embedded database are one session.
  const database = new Pool({ connectionString: databaseUrl, max: 1 });
  // The embedded database closes what is idle.
  database.on('error', () => undefined);
  const log: string[] = [];
  const { app, streams } = await createServer({
    settings: { url, cookieSecret: 'the-cookie-secret-of-the-tests-0123456789' },
    temporal,
    vault,
    environment: 'sandbox',
    database,
    plaid: new PlaidApi(
      new Configuration({
        basePath: sandbox.url,
        baseOptions: { headers: { 'PLAID-CLIENT-ID': PLAID_CLIENT_ID, 'PLAID-SECRET': PLAID_SECRET } },
      }),
    ),
    logger: { stream: { write: (line: string) => void log.push(line) } },
  });
  await app.listen({ port: port!, host: '127.0.0.1' });
  return {
    url: url.origin,
    databaseUrl,
    streams,
    log,
    close: async () => {
      await app.close();
      await database.end();
      await own?.stop();
    },
  };
}

async function startDatabase(): Promise<{ databaseUrl: string; stop: () => Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hosted-link-'));
  const { databaseUrl, stop } = await startPglite(dataDir);
  return {
    databaseUrl,
    stop: async () => {
      await stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
