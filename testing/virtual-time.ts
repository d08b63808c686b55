import { setTimeout as delay } from 'node:timers/promises';
import type { StartedSession, StartRequest, StatusReport } from '../src/client';
import type { Sandbox, SandboxOptions } from '../src/sandbox';
import { exchangeWorkflowId, sessionWorkflowId, TASK_QUEUES } from '../src/domain/ids';
import { sessionInput } from '../src/requests/start-request';
import type { hostedLinkSession } from '../src/workflows';
import { linkUpdate } from '../src/workflows/messages';
import { LINK_TOKEN_REQUEST } from './plaid-calls';
import { onTimeSkipping, startHarness, type Harness, type HarnessOptions } from './harness';
import { timeSkipping } from './temporal';
import { until } from './until';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** How long virtual time may go no faster than real time, in milliseconds: as it does while calls are under way. */
const SLOW_MS = 10_000;

/** After so long without a skip of virtual time, a wait is given up, in milliseconds. Polls take it milliseconds, a busy machine seconds. */
const STALLED_MS = 60_000;

/** How often a wait checks how far virtual time is, in milliseconds. */
const POLL_MS = 200;

/** A deployment in virtual time for the tests of the enclosing `describe`. */
export interface VirtualTime {
  harness: Harness;
  /** Lets virtual time pass. */
  pass(ms: number): Promise<void>;
  /** As `pass`, while a session may end. */
  passBeside(key: string, ms: number): Promise<void>;
  /** Starts a session on a new link token. */
  start(
    request?: Partial<StartRequest>,
    token?: Parameters<Sandbox['issueLinkToken']>[0],
  ): Promise<StartedSession & { linkToken: string }>;
  /** Starts a session of hosted_link, on a request of its own. */
  startHosted(request?: Partial<StartRequest>): Promise<StartedSession & { id: string }>;
  /** As `start`, with a link token that is said to expire in `ms` of virtual time. Plaid lets it live for 21 days. */
  startFor(ms: number): Promise<{ key: string; linkToken: string }>;
  /** Waits for the server's clock to be the sandbox's, then lets a person do something. */
  person(act: (sandbox: Harness['sandbox']) => void): Promise<void>;
  /** As the sandbox's `fault` and `outage`; what a test leaves behind is removed after it. */
  fault: Sandbox['fault'];
  outage: Sandbox['outage'];
  /** Lets virtual time pass in steps of `stepMs` until the condition holds; at most 200 steps. */
  passUntil(what: string, condition: () => boolean | Promise<boolean>, stepMs?: number): Promise<void>;
  /** Lets virtual time pass until the session and its exchange have ended. */
  result(key: string): Promise<StatusReport>;
  /** How many events the session's history has. */
  events(key: string): Promise<number>;
}

/** Starts a harness on a time-skipping server, and stops both after the tests. */
export function virtualTime(
  sandboxOptions: Partial<SandboxOptions> = {},
  options: HarnessOptions = {},
): VirtualTime {
  const virtual = {} as VirtualTime;
  /** Waits for virtual time that have not ended. */
  const underWay = new Set<Promise<void>>();
  // Registered before the server's own, so that it runs before it.
  afterAll(async () => {
    // A wait that its test gave up still uses the connection.
    await Promise.race([Promise.allSettled(underWay), delay(SLOW_MS, undefined, { ref: false })]);
    await virtual.harness?.close();
  }, MINUTE_MS);
  const server = timeSkipping();
  beforeAll(async () => {
    virtual.harness = await startHarness(onTimeSkipping(server.environment), sandboxOptions, options);
  }, MINUTE_MS);

  let hostedSessions = 0;
  const mends: (() => void)[] = [];
  afterEach(() => {
    for (const mend of mends.splice(0)) mend();
  });
  const mended = (mend: () => void) => {
    mends.push(mend);
    return mend;
  };

  const freed = new Set<string>();
  /** Server 1.32.0 keeps one lock on the time for each child workflow that outlives its parent, from its end on (seen). */
  const freeTime = async (key: string) => {
    if (freed.has(key) || !(await haveEnded(key)) || !(await exchangeOutlivedSession(key))) return;
    freed.add(key);
    await unlock();
  };

  /** Whether session and exchange have ended. */
  const haveEnded = async (key: string) => {
    const { workflow } = virtual.harness.temporal;
    const descriptions = [sessionWorkflowId(key), exchangeWorkflowId(key)].map((workflowId) =>
      workflow.getHandle(workflowId).describe(),
    );
    const [session, exchange] = await Promise.allSettled(descriptions);
    return [session, exchange].every(
      (one) => one?.status === 'fulfilled' && one.value.status.name !== 'RUNNING',
    );
  };

  /** Whether the session's history has no end of its exchange. Times cannot tell: locked, both ends have the same. */
  const exchangeOutlivedSession = async (key: string) => {
    const { events } = await virtual.harness.temporal.workflow
      .getHandle(sessionWorkflowId(key))
      .fetchHistory();
    const has = (attributes: keyof NonNullable<typeof events>[number]) =>
      events?.some((event) => event[attributes] != null) ?? false;
    return (
      has('childWorkflowExecutionStartedEventAttributes') &&
      !has('childWorkflowExecutionCompletedEventAttributes')
    );
  };

  const unlock = () => server.environment.connection.testService!.unlockTimeSkipping({});

  /**
   * Tells, when it is asked again and again, that virtual time has gone no faster than real time for a while: on a busy machine
   * a lock was left that the histories do not tell of.
   */
  function slowness(): () => Promise<boolean> {
    let virtualMs: number | undefined;
    let sinceMs = performance.now();
    return async () => {
      const realMs = performance.now() - sinceMs;
      if (virtualMs !== undefined && realMs < SLOW_MS) return false;
      const beforeMs = virtualMs;
      virtualMs = await server.environment.currentTimeMs();
      sinceMs = performance.now();
      return beforeMs !== undefined && virtualMs - beforeMs < 2 * realMs;
    };
  }

  /**
   * Lets virtual time pass, and does something again and again meanwhile. Its limit is one on standing still: how long a wait takes
   * depends on how many polls it has and on the machine.
   * @throws Error when virtual time has gone no further for {@link STALLED_MS}
   */
  async function sleepWhile(ms: number, act: () => Promise<void>): Promise<void> {
    let over = false;
    const sleeping = server.environment.sleep(ms).finally(() => (over = true));
    underWay.add(sleeping);
    // Seen even when the wait is given up before.
    sleeping.catch(() => undefined).finally(() => underWay.delete(sleeping));
    let virtualMs = await server.environment.currentTimeMs();
    let movedMs = performance.now();
    while (!over) {
      await act();
      await Promise.race([sleeping, delay(POLL_MS)]);
      const nowMs = over ? virtualMs : await server.environment.currentTimeMs();
      // Held by a lock, it still goes as fast as real time.
      if (nowMs - virtualMs > 2 * (performance.now() - movedMs)) {
        virtualMs = nowMs;
        movedMs = performance.now();
      } else if (performance.now() - movedMs > STALLED_MS)
        throw new Error(`virtual time has not skipped for ${STALLED_MS / 1_000} s of real time`);
    }
    await sleeping;
  }

  return Object.assign(virtual, {
    fault: (...fault: Parameters<Sandbox['fault']>) => mended(virtual.harness.sandbox.fault(...fault)),
    outage: (...fault: Parameters<Sandbox['outage']>) => mended(virtual.harness.sandbox.outage(...fault)),
    pass: (ms: number) => sleepWhile(ms, () => Promise.resolve()),
    async passBeside(key: string, ms: number) {
      const isSlow = slowness();
      await sleepWhile(ms, async () => {
        await freeTime(key);
        if (await isSlow()) await unlock();
      });
    },
    async start(request: Partial<StartRequest> = {}, token: Parameters<Sandbox['issueLinkToken']>[0] = {}) {
      await virtual.harness.syncClock();
      const linkToken = virtual.harness.sandbox.issueLinkToken(token);
      return { ...(await virtual.harness.client.start({ linkToken, ...request })), linkToken };
    },
    async startHosted({
      key = `hosted-${(hostedSessions += 1)}`,
      linkTokenRequest = LINK_TOKEN_REQUEST,
      ...request
    }: Partial<StartRequest> = {}) {
      await virtual.harness.syncClock();
      const started = await virtual.harness.client.start({
        plaidFlow: 'hosted_link',
        ...request,
        key,
        // Each session is of a person of its own, who has no account yet.
        linkTokenRequest: { ...linkTokenRequest, user: { client_user_id: `person-of-${key}` } },
      });
      return { ...started, id: started.url?.split('/').at(-1) ?? '' };
    },
    async startFor(ms: number) {
      await virtual.harness.syncClock();
      const linkToken = virtual.harness.sandbox.issueLinkToken({ lifetimeMs: 21 * DAY_MS });
      // The client would hold the time against the real clock.
      const input = sessionInput({ linkToken }, { environment: 'sandbox' });
      const expiresAt = new Date((await server.environment.currentTimeMs()) + ms).toISOString();
      const handle = await virtual.harness.temporal.workflow.start<typeof hostedLinkSession>(
        'hostedLinkSession',
        {
          workflowId: sessionWorkflowId(input.key),
          taskQueue: TASK_QUEUES.main,
          args: [{ ...input, expiresAt }],
        },
      );
      await handle.executeUpdate(linkUpdate);
      return { key: input.key, linkToken };
    },
    async person(act: (sandbox: Harness['sandbox']) => void) {
      await virtual.harness.syncClock();
      act(virtual.harness.sandbox);
    },
    async passUntil(what: string, condition: () => boolean | Promise<boolean>, stepMs = 10_000) {
      let steps = 0;
      const passed = async () => {
        if (await condition()) return true;
        if ((steps += 1) > 200) throw new Error(`200 steps of ${stepMs} ms passed in vain until ${what}`);
        await server.environment.sleep(stepMs);
        return false;
      };
      // The steps are the limit; how long one takes is the machine's.
      await until(what, passed, MINUTE_MS);
    },
    async result(key: string) {
      const report = await virtual.harness.client.waitForFinalStatus(key);
      await freeTime(key);
      return report;
    },
    async events(key: string) {
      const history = await virtual.harness.temporal.workflow.getHandle(`hosted-link/${key}`).fetchHistory();
      return history.events!.length;
    },
  });
}
