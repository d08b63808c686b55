import type { HostedLinkClient, StatusReport } from '../../src/client';
import type { Sandbox } from '../../src/sandbox';
import { follow } from './follow';
import type { Scenario, Scene } from './scenarios';
import type { Screen } from './screen';
import { until, within } from './until';

/** A step of a session may take so long, in milliseconds. After a worker's death the server is slow for some seconds. */
const STEP_TIMEOUT_MS = 30_000;

/** A session and its exchange must have ended so long after the last step, in milliseconds: longer than a dead worker's lease. */
const END_TIMEOUT_MS = 60_000;

/** What a play needs. */
export interface Theatre {
  sandbox: Sandbox;
  client: HostedLinkClient;
  screen: Screen;
  killAndRestartWorker(): Promise<void>;
  signal: AbortSignal;
}

/** A session that was played. */
export interface PlayedSession {
  scenario: Scenario;
  key: string;
  /** Undefined when it could not be started. */
  plaidSessionId: string | undefined;
  /** Why the play stopped, when it did not come to its end. */
  problem: string | undefined;
}

/** Plays scenarios at the same time, each with a session of its own, and gives them when all have ended. */
export async function play(
  scenarios: readonly Scenario[],
  keyOf: (name: string) => string,
  theatre: Theatre,
): Promise<PlayedSession[]> {
  const casts = scenarios.map((scenario) => new Cast(scenario, keyOf(scenario.name), theatre));
  const each = (some: Cast[], act: (cast: Cast) => Promise<void>) =>
    Promise.all(some.map((cast) => cast.act(() => act(cast))));
  await each(casts, (cast) => cast.start());
  await each(
    casts.filter(({ scenario }) => scenario.playsFirst),
    (cast) => cast.perform(),
  );
  await each(
    casts.filter(({ scenario }) => !scenario.playsFirst),
    (cast) => cast.perform(),
  );
  await each(casts, (cast) => cast.end());
  return casts;
}

/** One scenario on its way. */
class Cast implements PlayedSession {
  plaidSessionId: string | undefined;
  problem: string | undefined;
  #report: StatusReport | undefined;
  #note: string | undefined;
  readonly #ended = new AbortController();

  constructor(
    readonly scenario: Scenario,
    readonly key: string,
    private readonly theatre: Theatre,
  ) {}

  /** Does the next step, unless an earlier one failed. */
  async act(step: () => Promise<void>): Promise<void> {
    if (this.problem !== undefined) return;
    try {
      await step();
    } catch (error) {
      this.theatre.signal.throwIfAborted();
      this.problem = error instanceof Error ? error.message : String(error);
      this.#ended.abort();
      this.#tell(`STOPPED: ${this.problem}`);
    }
  }

  async start(): Promise<void> {
    const { client, sandbox, signal } = this.theatre;
    this.#tell(this.scenario.shows);
    const started = client.start({ key: this.key, ...this.scenario.request(sandbox) });
    const { url } = await within('the start', started, { timeoutMs: STEP_TIMEOUT_MS, signal });
    this.plaidSessionId = plaidSessionIdOf(url!);
    void follow(
      client,
      this.key,
      (report) => this.#show(report),
      AbortSignal.any([signal, this.#ended.signal]),
    );
  }

  async perform(): Promise<void> {
    await this.scenario.script(this.#scene());
  }

  async end(): Promise<void> {
    const { client, signal } = this.theatre;
    await within("the session's end", client.waitForFinalStatus(this.key), {
      timeoutMs: END_TIMEOUT_MS,
      signal,
    });
    this.#ended.abort();
    this.#show(await client.status(this.key));
    this.#tell('ended');
  }

  #scene(): Scene {
    const { client, sandbox, signal, killAndRestartWorker } = this.theatre;
    const bounds = { timeoutMs: STEP_TIMEOUT_MS, signal };
    const plaidSessionId = this.plaidSessionId!;
    return {
      client,
      sandbox,
      key: this.key,
      plaidSessionId,
      person: sandbox.session(plaidSessionId),
      tell: (what) => this.#tell(what),
      until: (what, holds) => until(what, holds, bounds),
      untilStatus: (what, holds) =>
        until(what, () => this.#report !== undefined && holds(this.#report), bounds),
      killAndRestartWorker,
    };
  }

  #show(report: StatusReport): void {
    this.#report = report;
    this.theatre.screen.show({ name: this.scenario.name, report, note: this.#note });
  }

  #tell(note: string): void {
    this.#note = note;
    this.theatre.screen.show({ name: this.scenario.name, report: this.#report, note });
  }
}

/** The last part of a hosted URL. */
function plaidSessionIdOf(url: string): string {
  return new URL(url).pathname.split('/').at(-1)!;
}
