import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { InputError, inputErrorFrom } from '../domain/input-error';
import { ApiError } from './api-error';
import {
  clockSchema,
  itemMoveSchema,
  linkTokenSchema,
  sessionMoveSchema,
  webhookKeySchema,
  webhookSchema,
} from './control-schemas';
import type { Credentials } from './credentials';
import type { SessionHandle } from './handles';
import { iso } from './iso';
import { plannedFaultSchema, plannedWebhookFaultSchema, planFault, planWebhookFault } from './planned-fault';
import type { Sandbox } from './sandbox';
import { IllegalMove } from './state';
import { switchesSchema } from './switches';

interface ControlOptions {
  sandbox: Sandbox;
  credentials: Credentials;
}

/** A request that is not served, and why. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * What a test does to the sandbox by its object, over HTTP. Requests show Plaid's credentials in headers, which no page of another
 * origin can send without being asked first, and none may come from a page at all.
 */
export async function controlApi(
  server: FastifyInstance,
  { sandbox, credentials }: ControlOptions,
): Promise<void> {
  const removals = new Map<string, () => void>();
  const keep = (remove: () => void): { id: string } => {
    const id = randomUUID();
    removals.set(id, remove);
    return { id };
  };

  server.addHook('onRequest', async (request) => checkCaller(request, credentials));
  server.setErrorHandler(async (error, _request, reply) => {
    const { status, message } = refusalOf(error);
    return reply.code(status).send({ error: message });
  });

  server.get('/ledger', async () => sandbox.ledger().toJSON());
  server.post('/link-tokens', async ({ body }) => ({
    linkToken: sandbox.issueLinkToken(read(linkTokenSchema, body)),
  }));
  server.post('/sessions', async ({ body }) => {
    const move = read(sessionMoveSchema, body);
    const session = sandbox.session(move.session);
    act(session, move);
    return { status: session.status };
  });
  server.post('/items', async ({ body }) => {
    const item = sandbox.item(read(itemMoveSchema, body).itemId);
    item.requireLogin();
    return { errorCode: item.errorCode };
  });

  server.get('/switches', async () => sandbox.switches);
  server.post('/switches', async ({ body }) => {
    sandbox.set(read(switchesSchema, body));
    return sandbox.switches;
  });
  server.get('/clock', async () => ({ now: iso(sandbox.clock.now()) }));
  server.post('/clock', async ({ body }) => {
    sandbox.clock.advance(read(clockSchema, body).advanceMs);
    return { now: iso(sandbox.clock.now()) };
  });

  server.post('/faults', async ({ body }) => keep(planFault(sandbox, read(plannedFaultSchema, body))));
  server.post('/webhook-faults', async ({ body }) =>
    keep(planWebhookFault(sandbox, read(plannedWebhookFaultSchema, body))),
  );
  const removeFaults = (ids: Iterable<string>): { removed: number } => {
    let removed = 0;
    for (const id of ids) {
      removals.get(id)?.();
      if (removals.delete(id)) removed += 1;
    }
    return { removed };
  };
  server.delete('/faults', async () => removeFaults([...removals.keys()]));
  server.delete<{ Params: { id: string } }>('/faults/:id', async ({ params }) => removeFaults([params.id]));

  server.get('/webhooks', async () => ({ deliveries: sandbox.webhooks.deliveries() }));
  server.post('/webhooks', async ({ body }) => {
    const { url, webhook } = read(webhookSchema, body);
    sandbox.webhooks.send(url, webhook);
    return {};
  });
  server.post('/webhook-keys', async ({ body }) => {
    const move = read(webhookKeySchema, body);
    if (move.move === 'rotate') return { keyId: sandbox.webhooks.rotateKey() };
    sandbox.webhooks.expireKey(move.keyId);
    return {};
  });
}

function act(session: SessionHandle, move: z.infer<typeof sessionMoveSchema>): void {
  switch (move.move) {
    case 'connect':
      return session.connect(move);
    case 'exit':
      return session.exit({ status: move.status, error: move.error });
    case 'complete':
      return session.complete(move);
    default:
      return session[move.move]();
  }
}

/** Browsers say where a request of a page comes from. Whatever says so, and whatever has not the credentials, is refused. */
function checkCaller({ headers }: FastifyRequest, credentials: Credentials): void {
  if (
    headers.origin !== undefined ||
    headers.referer !== undefined ||
    headers['sec-fetch-site'] !== undefined
  ) {
    throw new Refusal(403, 'No page may use this; call it from a program.');
  }
  const id = headers['plaid-client-id'];
  const secret = headers['plaid-secret'];
  if (typeof id !== 'string' || typeof secret !== 'string' || !credentials.accept(id, secret)) {
    throw new Refusal(
      401,
      'Give the headers PLAID-CLIENT-ID and PLAID-SECRET with which the sandbox was started.',
    );
  }
}

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body ?? {});
  if (!result.success) throw inputErrorFrom(result.error);
  return result.data;
}

function refusalOf(error: unknown): { status: number; message: string } {
  if (error instanceof Refusal) return error;
  if (error instanceof InputError || error instanceof RangeError || error instanceof ApiError) {
    return { status: 400, message: error.message };
  }
  if (error instanceof IllegalMove) return { status: 409, message: error.message };
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  return { status, message: status < 500 ? 'The request is not JSON.' : 'Something went wrong.' };
}
