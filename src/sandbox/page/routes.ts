import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Connection, SandboxSession } from '../records';
import type { SandboxState } from '../state';
import { IllegalMove } from '../state';
import type { Action, PageVisit } from './flow';
import { ACTIONS, advance, newVisit } from './flow';
import { STYLE, STYLE_PATH } from './style';
import { completedPage, expiredPage, leftPage, refusedPage, stepPage, unknownPage } from './views';

/** The path of a session's page. */
export function pagePath(sessionId: string): string {
  return `/hl/${sessionId}`;
}

const SECURITY_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'X-Content-Type-Options': 'nosniff',
  // Not no-referrer: that would also blank the Origin of the page's own forms. The path must not leave this origin.
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

interface SessionRoute {
  Params: { sessionId: string };
}

interface ActionRoute {
  Params: { sessionId: string; action: string };
  Body: URLSearchParams | undefined;
}

/** Serves the hosted page: what the person who was sent the link sees. Works without scripts. */
export async function hostedPage(server: FastifyInstance, { state }: { state: SandboxState }): Promise<void> {
  const visits = new Map<string, PageVisit>();
  const visitOf = ({ linkToken }: SandboxSession): PageVisit =>
    visits.get(linkToken.sessionId) ?? newVisit(linkToken.updates);
  /** What the session has been told of. With several banks it hears of each when the person goes on to the next. */
  const handedOver = new WeakSet<Connection>();

  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, new URLSearchParams(body as string)),
  );
  server.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (request.method === 'POST' && !comesFromPage(request)) return sendPage(reply, 403, refusedPage());
  });
  server.setErrorHandler(async (error, _request, reply) => {
    // The session's status moved on, by the clock or in another tab, between two looks at it.
    const status =
      error instanceof IllegalMove ? 409 : ((error as { statusCode?: number }).statusCode ?? 500);
    return sendPage(reply, status, refusedPage());
  });

  server.get(STYLE_PATH, async (_request, reply) => reply.type('text/css; charset=utf-8').send(STYLE));

  server.get<SessionRoute>('/hl/:sessionId', async (request, reply) => {
    const session = state.findSession(request.params.sessionId);
    if (!session) return sendPage(reply, 404, unknownPage());
    if (session.status === 'EXPIRED') return sendPage(reply, 410, expiredPage());
    const view = pageSession(session);
    if (session.status === 'COMPLETED') return sendPage(goOn(reply, session), 200, completedPage(view));
    state.open(session);
    return sendPage(reply, 200, stepPage(view, visitOf(session)));
  });

  server.get<SessionRoute>('/hl/:sessionId/left', async (request, reply) => {
    const session = state.findSession(request.params.sessionId);
    if (session?.status !== 'EXITED') return reply.redirect(pagePath(request.params.sessionId), 303);
    return sendPage(goOn(reply, session), 200, leftPage(pageSession(session), session.linkSessions.at(-1)!));
  });

  server.post<ActionRoute>('/hl/:sessionId/:action', async (request, reply) => {
    const { sessionId } = request.params;
    const session = state.findSession(sessionId);
    const action = ACTIONS.find((known) => known === request.params.action);
    if (!session || !action) return sendPage(reply, 404, unknownPage());
    if (session.status !== 'OPENED') return reply.redirect(pagePath(sessionId), 303);
    return reply.redirect(act(session, action, request.body ?? new URLSearchParams()), 303);
  });

  /** Does what a form asks, and gives the path to go to next. */
  function act(session: SandboxSession, action: Action, form: URLSearchParams): string {
    const { sessionId } = session.linkToken;
    const visit = visitOf(session);
    if (action === 'leave') {
      visits.delete(sessionId);
      state.exit(session);
      return `${pagePath(sessionId)}/left`;
    }
    if (action === 'finish' && visit.step === 'review') {
      visits.delete(sessionId);
      if (!session.linkToken.updates) handOver(session, visit);
      state.finish(session);
    } else if (action !== 'another' || session.linkToken.multiItem) {
      const next = advance(visit, action, form);
      if (action === 'another' && next !== visit) handOver(session, visit);
      visits.set(sessionId, next);
    }
    return pagePath(sessionId);
  }

  function handOver(session: SandboxSession, { connected }: PageVisit): void {
    for (const connection of connected) {
      if (handedOver.has(connection)) continue;
      handedOver.add(connection);
      state.connect(session, connection);
    }
  }
}

/** Browsers name the origin of every POST; one that names another, or none, is not our form. */
function comesFromPage({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  return headers.origin === `http://${headers.host}` && (site === undefined || site === 'same-origin');
}

/**
 * Sends the person on to the application. By a Refresh header and not by a redirect: Chromium would apply `form-action` to
 * a redirect that follows a form.
 */
function goOn(reply: FastifyReply, session: SandboxSession): FastifyReply {
  const uri = session.linkToken.completionRedirectUri;
  return uri === undefined ? reply : reply.header('Refresh', `0; url=${new URL(uri).href}`);
}

function pageSession(session: SandboxSession): { record: SandboxSession['linkToken']; path: string } {
  return { record: session.linkToken, path: pagePath(session.linkToken.sessionId) };
}

function sendPage(reply: FastifyReply, status: number, page: string): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(page);
}
