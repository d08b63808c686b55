import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError, invalidInput, invalidRequest } from './api-error';
import type { Credentials } from './credentials';
import type { EndpointContext } from './endpoint-context';
import { endpoints } from './endpoints';
import type { Fault, FaultSubject, SandboxEndpoint } from './fault';
import { ENDPOINTS } from './fault';
import type { Answer } from './fault-answer';
import { answerWithFault, send } from './fault-answer';
import type { Ledger } from './ledger';
import type { Plan } from './plan';
import { randomId } from './random-id';
import { missingFields } from './request-schemas';

/** The version of Plaid's API that is served, the only current one. */
const PLAID_VERSION = '2020-09-14';

interface ApiOptions {
  context: EndpointContext;
  faults: Plan<Fault, FaultSubject>;
  ledger: Ledger;
  credentials: Credentials;
}

/** Serves Plaid's endpoints, with the faults that were planned for them. */
export function registerApi(server: FastifyInstance, options: ApiOptions): void {
  for (const endpoint of ENDPOINTS) {
    server.post(endpoint, async (request, reply) => {
      const body = requireObject(request.body);
      options.ledger.receive(request.headers);
      options.ledger.receive(body);
      const work = (): Answer => perform(endpoint, body, request, options);
      const fault = options.faults.take({ endpoint, body });
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
  { context, credentials }: ApiOptions,
): Answer {
  const requestId = randomId(15);
  try {
    checkCredentials(request, body, credentials);
    return { status: 200, body: { ...endpoints[endpoint](context, body), request_id: requestId } };
  } catch (error) {
    const apiError = toApiError(error);
    return { status: apiError.httpStatus, body: apiError.toBody(requestId) };
  }
}

function checkCredentials(
  request: FastifyRequest,
  body: Record<string, unknown>,
  credentials: Credentials,
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
  if (!credentials.accept(givenId as string, givenSecret as string)) {
    throw invalidInput(
      'INVALID_API_KEYS',
      `invalid client_id ${String(givenId)} or secret ${String(givenSecret)}`,
    );
  }
}

function requireObject(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body))
    return body as Record<string, unknown>;
  throw invalidRequest('INVALID_BODY', 'body must be a JSON object');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
