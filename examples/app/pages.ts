import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Linking } from './linking';
import { signedInUser } from './sign-in';

const TYPES = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };

/** By their paths: the files in the folder `page`. They hold nothing of anybody. */
const FILES = {
  '/': 'index.html',
  '/opening': 'opening.html',
  '/page.css': 'page.css',
  '/page.js': 'page.js',
  '/icon.svg': 'icon.svg',
};

/** Serves the page, its parts, and the page for who comes back from Plaid's. */
export async function pages(
  app: FastifyInstance,
  { linking, isSecure }: { linking: Linking; isSecure: boolean },
): Promise<void> {
  for (const [path, file] of Object.entries(FILES)) {
    const { type, content } = load(file);
    app.get(path, async (_request, reply) => reply.type(type).send(content));
  }

  const returned = load('returned.html');
  // Plaid's page leads here, finished or not, on whichever device it was opened: a hint at most, and nothing that anybody could
  // not call up.
  app.get('/returned', async (request, reply) => {
    const user = signedInUser(request, isSecure);
    if (user) {
      await linking.hintLatest(user.id).catch((error: unknown) => request.log.warn(error, 'no hint'));
    }
    return reply.type(returned.type).send(returned.content);
  });
}

function load(file: string): { type: string; content: Buffer } {
  const ending = file.split('.').pop() as keyof typeof TYPES;
  return { type: `${TYPES[ending]}; charset=utf-8`, content: readFileSync(join(__dirname, 'page', file)) };
}
