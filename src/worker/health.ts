import type { ConnectionLike } from '@temporalio/client';
import type { ListenAddress } from '../http/listen-address';
import { createServer, listen, type RunningServer } from '../http/server';

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
  /** Whether to leave it alone. Asks nobody else: a restart does not fix a database that is away. */
  live: HealthChecks;
  /** Whether it does its work just now. */
  ready: HealthChecks;
}

/**
 * Starts the server of `GET /livez` and `GET /readyz`: 200 when each check is as it should be, else 503. The body, in JSON, names each
 * check and what it found, such as `{"status":"unavailable","checks":{"workers":"draining","vault":"reachable"}}`.
 *
 * @throws InputError naming HOSTED_LINK_HEALTH_ADDRESS when it cannot be listened on
 */
export async function startHealthServer(
  address: ListenAddress,
  { live, ready }: HealthQuestions,
): Promise<RunningServer> {
  const app = createServer({ answers: 'GET /livez and GET /readyz' });
  app.addHook('onRequest', async (_request, reply) => {
    // Kept connections of probes would hold up the end.
    reply.header('connection', 'close');
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
  return await listen(app, address, 'HOSTED_LINK_HEALTH_ADDRESS');
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
