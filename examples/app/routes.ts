import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { toString as qrCode } from 'qrcode';
import type { BankLink, BankLinks } from './bank-links';
import type { Banks } from './banks';
import { eventIdOf, type EventStreams } from './event-streams';
import type { Linking } from './linking';
import { DEMO_USERS, requireSignIn } from './sign-in';

export interface RouteOptions {
  linking: Linking;
  links: BankLinks;
  banks: Banks;
  streams: EventStreams;
  isSecure: boolean;
}

interface LinkRoute {
  Params: { number: number };
}

const LINK_SCHEMA = {
  schema: {
    params: {
      type: 'object',
      properties: { number: { type: 'integer', minimum: 1, maximum: 1_000_000 } },
    },
  },
};

/** Starting a session makes a link token at Plaid, and asking for accounts is a call to it: so often each, for one person. */
const EACH_MINUTE = { rateLimit: { max: 20, timeWindow: '1 minute' } };

/** What the page asks for. All of it is the person's own: every route is behind the sign-in, and looks up by who is signed in. */
export async function personRoutes(
  app: FastifyInstance,
  { linking, links, banks, streams, isSecure }: RouteOptions,
): Promise<void> {
  app.addHook('onRequest', requireSignIn(isSecure));

  app.get('/overview', async ({ userId }) => {
    const [link, connected] = await Promise.all([linking.latest(userId), banks.list(userId)]);
    return { user: DEMO_USERS.find(({ id }) => id === userId), link: link ?? null, banks: connected };
  });

  app.post<{ Body: { mendsItemId?: string } }>(
    '/bank-links',
    {
      config: EACH_MINUTE,
      schema: {
        body: {
          type: 'object',
          additionalProperties: false,
          properties: { mendsItemId: { type: 'string', maxLength: 100 } },
        },
      },
    },
    async ({ userId, body: { mendsItemId } }, reply) => {
      if (mendsItemId !== undefined && !(await banks.find(userId, mendsItemId))) return notFound(reply);
      return await linking.start(userId, mendsItemId);
    },
  );

  app.get<LinkRoute>('/bank-links/:number/events', LINK_SCHEMA, async (request, reply) => {
    const link = await ownLink(request);
    if (!link) return notFound(reply);
    const view = await linking.view(link);
    // Tells the browser not to come again: nothing more will happen.
    if (view.isOver && request.headers['last-event-id'] === eventIdOf(view)) return reply.code(204).send();
    return streams.answer(request, reply, {
      userId: request.userId,
      event: 'link',
      states: (signal) => linking.follow(link, signal),
    });
  });

  app.get<LinkRoute>('/bank-links/:number/qr-code.svg', LINK_SCHEMA, async (request, reply) => {
    const link = await ownLink(request);
    const url = link && (await linking.view(link)).url;
    if (url === undefined) return notFound(reply);
    return reply.type('image/svg+xml').send(await qrCode(url, { type: 'svg', margin: 2 }));
  });

  app.post<LinkRoute>(
    '/bank-links/:number/hint',
    { ...LINK_SCHEMA, config: EACH_MINUTE },
    async (request, reply) => {
      const link = await ownLink(request);
      if (!link) return notFound(reply);
      await linking.hint(link);
      return reply.code(204).send();
    },
  );

  app.post<LinkRoute>('/bank-links/:number/cancel', LINK_SCHEMA, async (request, reply) => {
    const link = await ownLink(request);
    if (!link) return notFound(reply);
    await linking.cancel(link);
    return reply.code(204).send();
  });

  app.get<{ Params: { itemId: string } }>(
    '/banks/:itemId/accounts',
    { config: EACH_MINUTE },
    async ({ userId, params }, reply) => {
      const item = await banks.find(userId, params.itemId);
      if (!item) return notFound(reply);
      return await banks.accounts(item);
    },
  );

  async function ownLink({ userId, params }: FastifyRequest<LinkRoute>): Promise<BankLink | undefined> {
    return await links.find(userId, params.number);
  }
}

/** Also of what is somebody else's: whether it exists is not told. */
function notFound(reply: FastifyReply): FastifyReply {
  return reply.code(404).send({ message: 'There is nothing of yours here.' });
}
