import type { FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import { ApiError } from './api-error';
import type { Fault } from './fault';
import { hold } from './fault';
import { randomId } from './random-id';

/** What an endpoint answers. */
export interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** How many pieces a slow body comes in. */
const BODY_PIECES = 16;

/** Answers a request as a fault has it. `work` does what the request asks for, and gives the answer that it should have had. */
export async function answerWithFault(
  fault: Fault,
  work: () => Answer,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { socket } = request.raw;
  switch (fault.kind) {
    case 'plaid_error':
      if (fault.afterWork) work();
      return send(reply, refusal(fault, request));
    case 'html':
      if (fault.afterWork) work();
      return sendHtml(reply, fault.status);
    case 'truncated_json':
      return sendHalf(reply, work());
    case 'reset_before_work':
      socket.resetAndDestroy();
      return reply.hijack();
    case 'reset_after_work':
      work();
      socket.resetAndDestroy();
      return reply.hijack();
    case 'reset_in_answer': {
      const { head, body } = rawAnswer(work());
      // A reset that follows at once may overtake what was written.
      socket.write(head.join('') + body.slice(0, body.length / 2), () =>
        setImmediate(() => socket.resetAndDestroy()),
      );
      return reply.hijack();
    }
    case 'delay_before_work':
      return (await hold(fault.holdMs, socket)) ? send(reply, work()) : reply.hijack();
    case 'delay_after_work':
      return sendAfter(fault.holdMs, work(), request, reply);
    case 'slow_headers': {
      const { head, body } = rawAnswer(work());
      reply.hijack();
      return drip(reply, [...head, body], fault.pieceMs);
    }
    case 'slow_body': {
      const { head, body } = rawAnswer(work());
      const size = Math.ceil(body.length / BODY_PIECES);
      const pieces = Array.from({ length: BODY_PIECES }, (_, index) =>
        body.slice(index * size, (index + 1) * size),
      );
      reply.hijack();
      return drip(reply, [head.join('') + pieces[0]!, ...pieces.slice(1)], fault.pieceMs);
    }
    case 'oversized_answer': {
      const { status, body } = work();
      return send(reply, { status, body: { ...body, padding: 'x'.repeat(fault.bytes) } });
    }
  }
}

/** Sends an answer as it should be. */
export function send(reply: FastifyReply, { status, body }: Answer): FastifyReply {
  return reply.code(status).send(body);
}

/** An answer as HTTP has it: the lines of its head, and its body, all ASCII. */
function rawAnswer({ status, body }: Answer): { head: string[]; body: string } {
  const json = JSON.stringify(body).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`,
    'content-type: application/json; charset=utf-8\r\n',
    `content-length: ${json.length}\r\n`,
    'connection: close\r\n',
    '\r\n',
  ];
  return { head, body: json };
}

/** Writes the pieces of an answer to a connection, `pieceMs` (ms) apart, unless the client goes meanwhile. */
async function drip(reply: FastifyReply, pieces: readonly string[], pieceMs: number): Promise<FastifyReply> {
  const { socket } = reply.request.raw;
  for (const [index, piece] of pieces.entries()) {
    if (index > 0 && !(await hold(pieceMs, socket))) return reply;
    socket.write(piece);
  }
  socket.end();
  return reply;
}

function refusal(
  { errorType, errorCode, status }: Extract<Fault, { kind: 'plaid_error' }>,
  request: FastifyRequest,
): Answer {
  const error = new ApiError(errorType, errorCode, `refused: ${JSON.stringify(request.body)}`, status);
  return { status, body: error.toBody(randomId(15)) };
}

function sendHtml(reply: FastifyReply, status: number): FastifyReply {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .send(`<!doctype html><title>${status}</title><h1>The service is not available</h1>`);
}

function sendHalf(reply: FastifyReply, { status, body }: Answer): FastifyReply {
  const json = JSON.stringify(body);
  return reply
    .code(status)
    .type('application/json')
    .send(json.slice(0, json.length / 2));
}

async function sendAfter(
  holdMs: number,
  answer: Answer,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  return (await hold(holdMs, request.raw.socket)) ? send(reply, answer) : reply.hijack();
}
