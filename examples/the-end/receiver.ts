import { createServer, type IncomingMessage, type Server } from 'node:http';
import { CallbackRefused, type VerifiedCallback, verifyCallback } from 'hosted-link/callbacks';

/** A callback has some hundred bytes. */
const MAX_BODY_BYTES = 64 * 1024;

export interface ReceiverOptions {
  /** The callback keys without their ids; two while one is replaced. */
  secrets: string[];
  /**
   * Keeps a callback, in one transaction: false when its `id` was kept before, or a higher `sequence` of its session.
   * Slow work belongs behind it.
   */
  keep: (callback: VerifiedCallback) => Promise<boolean>;
}

/** A receiver of callbacks, to stand behind TLS. */
export function createReceiver({ secrets, keep }: ReceiverOptions): Server {
  return createServer((request, response) => {
    receive(request)
      .then((status) => response.writeHead(status).end())
      // A 500 is sent again later.
      .catch(() => response.writeHead(500).end());
  });

  async function receive(request: IncomingMessage): Promise<number> {
    const rawBody = await readBody(request);
    if (!rawBody) return 413;
    try {
      await keep(verifyCallback({ headers: request.headers, rawBody, secrets }));
      // Also for one that was kept before.
      return 204;
    } catch (error) {
      if (error instanceof CallbackRefused) return 401;
      throw error;
    }
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
