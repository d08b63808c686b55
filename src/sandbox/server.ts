import Fastify, { type FastifyInstance } from 'fastify';
import { toApiError } from './api';
import { ApiError } from './api-error';
import { randomId } from './random-id';

/** An HTTP server that answers on loopback names only, and whatever goes wrong in Plaid's shape. */
export function createSandboxServer(): FastifyInstance {
  const server = Fastify({ exposeHeadRoutes: false, forceCloseConnections: true });
  server.removeContentTypeParser('text/plain');
  server.addHook('onRequest', async (request, reply) => {
    // Only names of this machine: a page elsewhere whose name was made to resolve to 127.0.0.1 sends its own.
    const { host } = request.headers;
    const port = request.socket.localPort;
    if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) {
      return reply.code(421).type('text/plain').send('This server answers on loopback names only.\n');
    }
  });
  server.setErrorHandler(async (error, _request, reply) => {
    const apiError = toApiError(error);
    return reply.code(apiError.httpStatus).send(apiError.toBody(randomId(15)));
  });
  server.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send(new ApiError('INVALID_REQUEST', 'NOT_FOUND', 'not found', 404).toBody(randomId(15))),
  );
  return server;
}
