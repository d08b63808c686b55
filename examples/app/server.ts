import rateLimit from '@fastify/rate-limit';
import type { Client } from '@temporalio/client';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { HostedLinkClient } from 'hosted-link/client';
import type { Vault } from 'hosted-link/vault';
import type { Pool } from 'pg';
import type { PlaidApi } from 'plaid';
import { BankLinks } from './bank-links';
import { Banks, PlaidCallFailed } from './banks';
import { EventStreams } from './event-streams';
import { registerGuards } from './guards';
import { Linking } from './linking';
import { pages } from './pages';
import { personRoutes } from './routes';
import type { AppSettings } from './settings';
import { registerSignIn } from './sign-in';

export interface ServerOptions {
  settings: Pick<AppSettings, 'url' | 'cookieSecret'>;
  /** Has the codec's keys. */
  temporal: Client;
  vault: Vault;
  environment: ConstructorParameters<typeof HostedLinkClient>[0]['environment'];
  plaid: PlaidApi;
  /** This service's own. */
  database: Pool;
  /** Default: a line of JSON for each request, on standard output. */
  logger?: FastifyServerOptions['logger'];
}

/** The service, ready to listen. Its end ends the event streams first. */
export async function createServer({
  settings: { url, cookieSecret },
  temporal,
  vault,
  environment,
  plaid,
  database,
  logger = true,
}: ServerOptions): Promise<{ app: FastifyInstance; streams: EventStreams }> {
  // Pino's own lines have a request's method, path and address, and no header or body. No path here holds a secret.
  const app = Fastify({ logger });
  const isSecure = url.protocol === 'https:';
  const links = new BankLinks(database);
  await links.prepare();
  const linking = new Linking({
    hostedLink: new HostedLinkClient({ temporal, vault, environment }),
    temporal,
    links,
    clientName: 'Plain Budget',
    returnUrl: new URL('/returned', url).href,
  });
  const streams = new EventStreams();
  app.addHook('preClose', () => streams.close());

  app.setErrorHandler<FastifyError>(async (error, request, reply) => {
    const status = error instanceof PlaidCallFailed ? 502 : (error.statusCode ?? 500);
    if (status >= 500) request.log.error(loggable(error), 'a request failed');
    return reply.code(status).send({ message: wordsFor(error, status) });
  });
  await registerGuards(app, url);
  await registerSignIn(app, { secret: cookieSecret, isSecure });
  await app.register(rateLimit, {
    global: false,
    // After the sign-in, by which people are told apart.
    hook: 'preHandler',
    keyGenerator: ({ userId }) => userId,
  });
  await app.register(pages, { linking, isSecure });
  await app.register(personRoutes, {
    linking,
    links,
    banks: new Banks(vault, plaid),
    streams,
    isSecure,
  });
  return { app, streams };
}

/** What a log may have of an error: not what libraries hang on it, such as requests, headers and causes. */
function loggable({ name, code, message, stack }: FastifyError): object {
  return { error: { name, code, message, stack } };
}

/** What the person is told. An error's own message is for us. */
function wordsFor(error: Error, status: number): string {
  if (error instanceof PlaidCallFailed) return 'Your bank cannot be asked at the moment. Try again later.';
  if (status === 429) return 'That was too often. Try again in a minute.';
  if (status < 500) return 'This request cannot be served.';
  return 'Something went wrong on our side. Try again.';
}
