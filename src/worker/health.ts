import type { ConnectionLike } from '@temporalio/client';
import fastify from 'fastify';
import { closeInTime, REQUEST_TIMEOUT_MS, TRICKLE_LIMITS } from '../http/limits';
import { InputError } from '../domain/input-error';
import { listenError } from '../http/listen-error';
import type { ListenAddress } from '../config/setting-schema';

/** How long a check may take, in milliseconds, until what it checks counts as unreachable. */
const CHECK_TIMEOUT_MS = 3_000;

/** What a check found, in one word of a few, and whether that is as it should be. */
export interface CheckResult {
  ok: boolean;
  found: string;
}

/** Checks by what they check. */
export type HealthChecks = Record<string, () => CheckResult | Promise<CheckResult>>;

/** What a process is asked for by those that start, route to and restart it. */
export interface HealthQuestions {
  /** Whether to leave it alone. Asks nobody else: a database that is away is not mended by a restart. */
  live: HealthChecks;
  /** Whether it does its work just now. */
  ready: HealthChecks;
}

/** A running health server. */
export interface HealthServer {
  /** Stops listening, after requests under way have been answered. */
  close(): Promise<void>;
}

/**
 * Starts the server of `GET /livez` and `GET /readyz`: 200 when each check is as it should be, else 503. The body, in JSON, names each
 * check and what it found, such as `{"status":"unavailable","checks":{"workers":"draining","vault":"reachable"}}`.
 *
 * @throws InputError naming HOSTED_LINK_HEALTH_ADDRESS when it cannot be listened on
 */
export async function startHealthServer(
  { host, port }: ListenAddress,
  { live, ready }: HealthQuestions,
): Promise<HealthServer> {
  const app = fastify({
    logger: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: TRICKLE_LIMITS,
  });
  app.addHook('onRequest', async (_request, reply) => {
    // Kept connections of probes would hold up the end.
    reply.header('cache-control', 'no-store').header('connection', 'close');
  });
  for (const [path, checks] of [
    ['/livez', live],
    ['/readyz', ready],
  ] as const) {
    const look = shared(() => lookAt(checks));
    app.get(path, async (_request, reply) => {
      const answer = await look();
      return reply.code(answer.status === 'ok' ? 200 : 503).send(answer);
    });
  }
  app.setNotFoundHandler((_request, reply) =>
    reply
      .code(404)
      .type('text/plain')
      .send('not found; this server answers GET /livez and GET /readyz only\n'),
  );
  try {
    await app.listen({ host, port });
    return { close: () => closeInTime(app) };
  } catch (error) {
    await app.close();
    const problem = listenError(error, host, port);
    throw problem instanceof InputError
      ? new InputError('HOSTED_LINK_HEALTH_ADDRESS', problem.problem, problem.remedy)
      : problem;
  }
}

/** Whether `call` succeeds in time. */
export async function reachable(call: () => Promise<unknown>): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), CHECK_TIMEOUT_MS);
  });
  const ok = await Promise.race([
    call().then(
      () => true,
      () => false,
    ),
    tooLate,
  ]);
  clearTimeout(timer);
  return { ok, found: ok ? 'reachable' : 'unreachable' };
}

/** Whether Temporal answers for the namespace, which it does not to whom it does not let in. */
export async function temporalReachable(connection: ConnectionLike, namespace: string): Promise<CheckResult> {
  return await reachable(() =>
    connection.withDeadline(Date.now() + CHECK_TIMEOUT_MS, () =>
      connection.workflowService.describeNamespace({ namespace }),
    ),
  );
}

async function lookAt(checks: HealthChecks) {
  const found = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await check()] as const),
  );
  return {
    status: found.every(([, { ok }]) => ok) ? 'ok' : 'unavailable',
    checks: Object.fromEntries(found.map(([name, result]) => [name, result.found])),
  };
}

/** Whoever asks while a look is under way gets what it finds: many questions are one to the database. */
function shared<T>(look: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return () => {
    underWay ??= look().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}
