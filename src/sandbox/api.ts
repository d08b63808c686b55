import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Secret } from '../secret';
import { ApiError, invalidInput, invalidRequest } from './api-error';
import type { EndpointContext } from './endpoint-context';
import { endpoints } from './endpoints';
import type { Fault, FaultPlan, SandboxEndpoint } from './fault';
import { ENDPOINTS, hold } from './fault';
import type { Ledger } from './ledger';
import { randomId } from './random-id';
import { missingFields } from './request-schemas';

/** The version of Plaid's API that is served, the only current one. */
const PLAID_VERSION = '2020-09-14';

interface ApiOptions {
  context: EndpointContext;
  faults: FaultPlan;
  ledger: Ledger;
  clientId: string;
  secret: Secret;
}

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** Serves Plaid's endpoints, with the faults that were planned for them. */
export function registerApi(server: FastifyInstance, options: ApiOptions): void {
  for (const endpoint of ENDPOINTS) {
    server.post(endpoint, async (request, reply) => {
      const body = requireObject(request.body);
      options.ledger.receive(request.headers);
      options.ledger.receive(body);
      const work = (): Answer => perform(endpoint, body, request, options);
      const fault = options.faults.take(endpoint, body);
      if (fault) return answerWithFault(fault, work, request, reply);
      return send(reply, work());
    });
  }
}

/** The answer, in Plaid's shape, to a request that failed before it reached an endpoint. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { statusCode, code } = error as { statusCode?: number; code?: string };
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return invalidRequest('INVALID_HEADERS', 'Content-Type must be application/json');
  }
  if (statusCode !== undefined && statusCode < 500) {
    return invalidRequest('INVALID_BODY', 'body could not be parsed as JSON');
  }
  return new ApiError('API_ERROR', 'INTERNAL_SERVER_ERROR', 'an unexpected error occurred', 500);
}

/** Does the endpoint's work, once the request has shown the right credentials. */
function perform(
  endpoint: SandboxEndpoint,
  body: Record<string, unknown>,
  request: FastifyRequest,
  { context, clientId, secret }: ApiOptions,
): Answer {
  const requestId = randomId(15);
  try {
    checkCredentials(request, body, clientId, secret);
    return { status: 200, body: { ...endpoints[endpoint](context, body), request_id: requestId } };
  } catch (error) {
    const apiError = toApiError(error);
    return { status: apiError.httpStatus, body: apiError.toBody(requestId) };
  }
}

function checkCredentials(
  request: FastifyRequest,
  body: Record<string, unknown>,
  clientId: string,
  secret: Secret,
): void {
  const version = request.headers['plaid-version'];
  if (version !== undefined && version !== PLAID_VERSION) {
    throw invalidRequest(
      'INCOMPATIBLE_API_VERSION',
      `Plaid-Version must be ${PLAID_VERSION}, got ${String(version)}`,
    );
  }
  const givenId = request.headers['plaid-client-id'] ?? body.client_id;
  const givenSecret = request.headers['plaid-secret'] ?? body.secret;
  const missing = [...(isText(givenId) ? [] : ['client_id']), ...(isText(givenSecret) ? [] : ['secret'])];
  if (missing.length > 0) throw missingFields(missing);
  if (!sameText(givenId as string, clientId) || !sameText(givenSecret as string, secret.reveal())) {
    throw invalidInput(
      'INVALID_API_KEYS',
      `invalid client_id ${String(givenId)} or secret ${String(givenSecret)}`,
    );
  }
}

async function answerWithFault(
  fault: Fault,
  work: () => Answer,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { socket } = request.raw;
  switch (fault.kind) {
    case 'plaid_error': {
      if (fault.afterWork) work();
      const { errorType, errorCode, status } = fault;
      const error = new ApiError(errorType, errorCode, `refused: ${JSON.stringify(request.body)}`, status);
      return send(reply, { status, body: error.toBody(randomId(15)) });
    }
    case 'html':
      if (fault.afterWork) work();
      return reply
        .code(fault.status)
        .type('text/html; charset=utf-8')
        .send(`<!doctype html><title>${fault.status}</title><h1>The service is not available</h1>`);
    case 'truncated_json': {
      const { status, body } = work();
      const json = JSON.stringify(body);
      return reply
        .code(status)
        .type('application/json')
        .send(json.slice(0, json.length / 2));
    }
    case 'reset_before_work':
      socket.resetAndDestroy();
      return reply.hijack();
    case 'reset_after_work':
      work();
      socket.resetAndDestroy();
      return reply.hijack();
    case 'delay_before_work':
      return (await hold(fault.holdMs, socket)) ? send(reply, work()) : reply.hijack();
    case 'delay_after_work': {
      const answer = work();
      return (await hold(fault.holdMs, socket)) ? send(reply, answer) : reply.hijack();
    }
    case 'oversized_answer': {
      const { status, body } = work();
      return send(reply, { status, body: { ...body, padding: 'x'.repeat(fault.bytes) } });
    }
  }
}

function send(reply: FastifyReply, { status, body }: Answer): FastifyReply {
  return reply.code(status).send(body);
}

function requireObject(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body))
    return body as Record<string, unknown>;
  throw invalidRequest('INVALID_BODY', 'body must be a JSON object');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Compares in constant time, whatever the lengths. */
function sameText(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
