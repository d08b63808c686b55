import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** How long a browser waits before it connects again, in milliseconds. */
const RETRY_MS = 2_000;

/** A proxy takes a connection that is silent for longer for dead, in milliseconds. */
const HEARTBEAT_MS = 15_000;

/** The most streams of one person, over all tabs and devices. */
const MAX_STREAMS_EACH = 10;

/**
 * Server-sent events of something that has a state: each event is the whole of it, and its id is made of what it says. So a
 * browser that comes back is told nothing that it knows, and misses nothing.
 */
export class EventStreams {
  readonly #closing = new AbortController();
  readonly #open = new Map<string, number>();

  /** How many are open. */
  get size(): number {
    return [...this.#open.values()].reduce((sum, count) => sum + count, 0);
  }

  /**
   * Answers a request with the states that `states` yields, as events of the name `event`, until it ends, the browser goes away or
   * this process stops: its signal is aborted then. A state that is as the one before is not sent again.
   */
  answer<State>(
    { headers }: FastifyRequest,
    reply: FastifyReply,
    {
      userId,
      event,
      states,
    }: { userId: string; event: string; states: (signal: AbortSignal) => AsyncIterable<State> },
  ): FastifyReply {
    const count = this.#open.get(userId) ?? 0;
    if (count >= MAX_STREAMS_EACH) return reply.code(429).send({ message: 'Too many pages are open.' });
    this.#open.set(userId, count + 1);
    const gone = new AbortController();
    const signal = AbortSignal.any([gone.signal, this.#closing.signal]);
    const lastEventId = headers['last-event-id'];
    const known = typeof lastEventId === 'string' ? lastEventId : undefined;
    const body = Readable.from(frames(event, states(signal), known), { objectMode: false });
    body.once('close', () => {
      gone.abort();
      const left = this.#open.get(userId)! - 1;
      if (left === 0) this.#open.delete(userId);
      else this.#open.set(userId, left);
    });
    return (
      reply
        .type('text/event-stream')
        // For nginx, which would gather what it is to pass on.
        .header('X-Accel-Buffering', 'no')
        // Kept alive after the stream, the connection would hold up the end of the server.
        .header('Connection', 'close')
        .send(body)
    );
  }

  /** Ends all streams, so that the server can close. */
  close(): void {
    this.#closing.abort();
  }
}

/** The id of the event that tells a state. */
export function eventIdOf(state: unknown): string {
  return createHash('sha256').update(JSON.stringify(state)).digest('base64url').slice(0, 16);
}

async function* frames<State>(
  event: string,
  states: AsyncIterable<State>,
  lastEventId: string | undefined,
): AsyncGenerator<string> {
  yield `retry: ${RETRY_MS}\n\n`;
  let known = lastEventId;
  let sentAtMs = Date.now();
  for await (const state of states) {
    const id = eventIdOf(state);
    if (id !== known) yield `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(state)}\n\n`;
    else if (Date.now() - sentAtMs >= HEARTBEAT_MS) yield ': still here\n\n';
    else continue;
    known = id;
    sentAtMs = Date.now();
  }
}
