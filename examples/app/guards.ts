import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/** What holds for every answer and every request, whichever route it is for. */
export async function registerGuards(app: FastifyInstance, url: URL): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'none'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
  });
  // Only JSON, which no form of another page can send.
  app.removeContentTypeParser('text/plain');

  app.addHook('onRequest', async ({ method, headers }, reply) => {
    reply.header('Cache-Control', 'no-store');
    // A name that somebody else has made to resolve to this address.
    if (headers.host !== url.host) return reply.code(421).send({ message: `This is ${url.origin}.` });
    // Browsers name the origin of every request that changes something. SameSite of the cookie is the other fence.
    const changes = method !== 'GET' && method !== 'HEAD';
    if (changes && headers.origin !== url.origin)
      return reply.code(403).send({ message: 'This request did not come from our page.' });
  });
}
