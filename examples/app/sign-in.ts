import cookie from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/*
 * STAND-IN for the login of your service: anybody may be one of two made-up people, without a password. What the other files
 * rest on is only that `request.userId` is the person who is signed in.
 */

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is signed in. Only behind {@link requireSignIn}. */
    userId: string;
  }
}

/** Their ids hold no personal data: they go to Plaid, and stand in session keys. */
export const DEMO_USERS = [
  { id: 'user-1', name: 'Ada' },
  { id: 'user-2', name: 'Grace' },
] as const;
export type DemoUser = (typeof DEMO_USERS)[number];

const SIGNED_IN_MS = 8 * 60 * 60_000;

/** Lets people sign in and out, by a signed cookie. */
export async function registerSignIn(
  app: FastifyInstance,
  { secret, isSecure }: { secret: string; isSecure: boolean },
): Promise<void> {
  await app.register(cookie, { secret });
  const options = { path: '/', httpOnly: true, sameSite: 'lax', secure: isSecure, signed: true } as const;

  app.post<{ Body: { userId: string } }>(
    '/sign-in',
    {
      schema: {
        body: {
          type: 'object',
          required: ['userId'],
          properties: { userId: { enum: DEMO_USERS.map(({ id }) => id) } },
        },
      },
    },
    async ({ body }, reply) => {
      const expiresAtMs = Date.now() + SIGNED_IN_MS;
      return reply
        .setCookie(cookieName(isSecure), `${body.userId}.${expiresAtMs}`, {
          ...options,
          expires: new Date(expiresAtMs),
        })
        .code(204)
        .send();
    },
  );
  app.post('/sign-out', async (_request, reply) =>
    reply.clearCookie(cookieName(isSecure), options).code(204).send(),
  );
}

/** Who is signed in; undefined when nobody is, or no longer. */
export function signedInUser(request: FastifyRequest, isSecure: boolean): DemoUser | undefined {
  const { valid, value } = request.unsignCookie(request.cookies[cookieName(isSecure)] ?? '');
  if (!valid) return undefined;
  const [id, expiresAtMs] = value.split('.');
  if (Number(expiresAtMs) <= Date.now()) return undefined;
  return DEMO_USERS.find((user) => user.id === id);
}

/** A hook that refuses who is not signed in. */
export function requireSignIn(isSecure: boolean) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const user = signedInUser(request, isSecure);
    if (!user) return reply.code(401).send({ message: 'Sign in first.' });
    request.userId = user.id;
  };
}

/** Browsers take a cookie of the prefix `__Host-` from this very host alone, and over TLS alone. */
function cookieName(isSecure: boolean): string {
  return isSecure ? '__Host-session' : 'session';
}
