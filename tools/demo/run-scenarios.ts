import type { HostedLinkClient, StatusReport } from '../../src/client';
import type { Sandbox } from '../../src/sandbox';
import { pollStatus } from './poll-status';
import type { Scenario, ScenarioContext } from './scenarios';
import type { Screen } from './screen';
import { until, withTimeout } from './wait';

/** A step of a session may take so long, in milliseconds. After a worker's death the server is slow for some seconds. */
const STEP_TIMEOUT_MS = 30_000;

/** A session and its exchange must have ended so long after the last step, in milliseconds: longer than a dead worker's lease. */
const END_TIMEOUT_MS = 60_000;

/** What the scenarios of a demo share. */
export interface DemoContext {
  sandbox: Sandbox;
  client: HostedLinkClient;
  screen: Screen;
  killAndRestartWorker(): Promise<void>;
  signal: AbortSignal;
}

/** What came out of running one scenario. */
export interface ScenarioResult {
  scenario: Scenario;
  key: string;
  /** Undefined when it could not be started. */
  plaidSessionId: string | undefined;
  /** Why the scenario stopped before its end; undefined otherwise. */
  problem: string | undefined;
}

/** Runs scenarios at the same time, each with a session of its own, and returns when all have ended. */
export async function runScenarios(
  scenarios: readonly Scenario[],
  keyOf: (name: string) => string,
  context: DemoContext,
): Promise<ScenarioResult[]> {
  const runs = scenarios.map((scenario) => new ScenarioRun(scenario, keyOf(scenario.name), context));
  const each = (some: ScenarioRun[], act: (run: ScenarioRun) => Promise<void>) =>
    Promise.all(some.map((run) => run.act(() => act(run))));
  await each(runs, (run) => run.start());
  await each(
    runs.filter(({ scenario }) => scenario.runsFirst),
    (run) => run.runScript(),
  );
  await each(
    runs.filter(({ scenario }) => !scenario.runsFirst),
    (run) => run.runScript(),
  );
  await each(runs, (run) => run.end());
  return runs;
}

/** One scenario while it runs. */
class ScenarioRun implements ScenarioResult {
  plaidSessionId: string | undefined;
  problem: string | undefined;
  #report: StatusReport | undefined;
  #note: string | undefined;
  readonly #ended = new AbortController();

  constructor(
    readonly scenario: Scenario,
    readonly key: string,
    private readonly context: DemoContext,
  ) {}

  /** Does the next step, unless an earlier one failed. */
  async act(step: () => Promise<void>): Promise<void> {
    if (this.problem !== undefined) return;
    try {
      await step();
    } catch (error) {
      this.context.signal.throwIfAborted();
      this.problem = error instanceof Error ? error.message : String(error);
      this.#ended.abort();
      this.#showNote(`STOPPED: ${this.problem}`);
    }
  }

  async start(): Promise<void> {
    const { client, sandbox, signal } = this.context;
    this.#showNote(this.scenario.shows);
    const started = client.start({ key: this.key, ...this.scenario.request(sandbox) });
    const { url } = await withTimeout('the start', started, { timeoutMs: STEP_TIMEOUT_MS, signal });
    this.plaidSessionId = plaidSessionIdOf(url!);
    void pollStatus(
      client,
      this.key,
      (report) => this.#show(report),
      AbortSignal.any([signal, this.#ended.signal]),
    );
  }

  async runScript(): Promise<void> {
    await this.scenario.script(this.#context());
  }

  async end(): Promise<void> {
    const { client, signal } = this.context;
    await withTimeout("the session's end", client.waitForFinalStatus(this.key), {
      timeoutMs: END_TIMEOUT_MS,
      signal,
    });
    this.#ended.abort();
    this.#show(await client.status(this.key));
    this.#showNote('ended');
  }

  #context(): ScenarioContext {
    const { client, sandbox, signal, killAndRestartWorker } = this.context;
    const bounds = { timeoutMs: STEP_TIMEOUT_MS, signal };
    const plaidSessionId = this.plaidSessionId!;
    return {
      client,
      sandbox,
      key: this.key,
      plaidSessionId,
      person: sandbox.session(plaidSessionId),
      note: (what) => this.#showNote(what),
      until: (what, holds) => until(what, holds, bounds),
      untilStatus: (what, holds) =>
        until(what, () => this.#report !== undefined && holds(this.#report), bounds),
      killAndRestartWorker,
    };
  }

  #show(report: StatusReport): void {
    this.#report = report;
    this.context.screen.show({ name: this.scenario.name, report, note: this.#note });
  }

  #showNote(note: string): void {
    this.#note = note;
    this.context.screen.show({ name: this.scenario.name, report: this.#report, note });
  }
}

/** The last part of a hosted URL. */
function plaidSessionIdOf(url: string): string {
  return new URL(url).pathname.split('/').at(-1)!;
}
