import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { EXIT_SESSION_NOT_COMPLETED } from '../src/cli/exit-codes';
import { isBuilt, ROOT } from './built';
import { until } from './until';

/** A worker takes seconds to start, on a busy machine many. */
const POLLING_WITHIN_MS = 60_000;

/** Settings of ours and of Temporal's, which a command must get from the test alone. */
const OWN_SETTINGS = /^(PLAID_|TEMPORAL_|HOSTED_LINK_|DATABASE_URL|LOG_LEVEL|OTEL_)/;

/** What a command that has ended left. */
export interface Ended {
  /** Null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A `hosted-link` command in a process of its own. */
export interface RunningCommand {
  pid: number;
  stdout(): string;
  stderr(): string;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
  ended: Promise<Ended>;
}

/** The `hosted-link` commands of a deployment, each in a process of its own. */
export class HostedLinkCommands {
  readonly #running = new Set<ChildProcess>();

  /**
   * @param settings what stands in their environment, besides what is no setting
   * @param program what Node.js runs; default: this checkout
   */
  constructor(
    private readonly settings: NodeJS.ProcessEnv,
    private readonly program: readonly string[] = checkout(),
  ) {}

  /** Starts a command. `settings` are added to those of the deployment; undefined takes one away. */
  start(args: readonly string[], settings: NodeJS.ProcessEnv = {}): RunningCommand {
    const inherited = Object.entries(process.env).filter(([name]) => !OWN_SETTINGS.test(name));
    const child = spawn(process.execPath, [...this.program, ...args], {
      cwd: ROOT,
      env: { ...Object.fromEntries(inherited), ...this.settings, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    return {
      pid: child.pid!,
      stdout: () => stdout,
      stderr: () => stderr,
      kill: (signal) => void child.kill(signal),
      ended: once(child, 'close').then(([code]) => {
        this.#running.delete(child);
        return { code: code as number | null, stdout, stderr };
      }),
    };
  }

  /** Runs a command until its end. */
  async run(args: readonly string[], settings: NodeJS.ProcessEnv = {}): Promise<Ended> {
    return await this.start(args, settings).ended;
  }

  /** Runs a command that prints JSON, and gives that, however a session ended. @throws Error with what it said when it fails */
  async json<T>(args: readonly string[], settings: NodeJS.ProcessEnv = {}): Promise<T> {
    const { code, stdout, stderr } = await this.run([...args, '--json'], settings);
    if (code !== 0 && code !== EXIT_SESSION_NOT_COMPLETED)
      throw new Error(`hosted-link ${args[0]} exited with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  /** Starts a worker and waits until it polls. @throws Error with what it said when it does not */
  async worker(): Promise<RunningCommand> {
    const worker = this.start(['worker']);
    let ended = false;
    void worker.ended.then(() => (ended = true));
    const polls = () => worker.stderr().includes('"worker is polling"');
    await until('the worker polls', () => ended || polls(), POLLING_WITHIN_MS);
    if (!polls()) throw new Error(`the worker ended: ${worker.stderr()}`);
    return worker;
  }

  /** Ends by SIGKILL what still runs. */
  async close(): Promise<void> {
    const running = [...this.#running];
    for (const child of running) child.kill('SIGKILL');
    await Promise.all(running.map((child) => once(child, 'close')));
  }
}

/** What was built, when that is not out of date; else the sources, which take longer to start. */
function checkout(): string[] {
  return isBuilt() ? [join(ROOT, 'bin/hosted-link.js')] : ['--import', 'tsx', join(ROOT, 'src/cli/main.ts')];
}
