import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, type ChildServer } from './child-server';

const ROOT = join(__dirname, '..');
/** `hosted-link`, to be run by Node. */
const PROGRAM = join(ROOT, 'bin/hosted-link.js');

/** The first start of a worker makes the embedded database, which takes seconds of computing. In milliseconds. */
const READY_TIMEOUT_MS = 60_000;

/** What a long-running command of `hosted-link` says when it is ready. */
const READY_TEXT = {
  worker: '"worker is polling"',
  webhooks: 'are received on',
  'codec-server': 'The codec server answers on',
};

/** How to run a long-running command. */
export interface ProgramOptions {
  command: keyof typeof READY_TEXT;
  args?: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Everything that it writes is appended to this file. */
  logFile: string;
}

/** A long-running command of `hosted-link` as a process of its own, that can be killed and started again. */
export class ProgramProcess {
  #child: ChildServer | undefined;

  /**
   * @throws Error when the program is not built
   */
  constructor(private readonly options: ProgramOptions) {
    if (!existsSync(join(ROOT, 'dist/cli/main.js')))
      throw new Error('There is no dist/; run `npm run build` first.');
  }

  /**
   * Starts it, waits until it is ready, and gives its process id.
   * @throws Error with the last of its log when it ends by itself or is not ready within 60 s
   */
  async start(): Promise<number> {
    const { command, args = [], env, logFile } = this.options;
    const child = startChild(process.execPath, [PROGRAM, command, ...args], env, { logFile });
    this.#child = child;
    try {
      await child.until(async () => child.said().includes(READY_TEXT[command]), READY_TIMEOUT_MS);
    } catch (error) {
      throw new Error(`hosted-link ${command} did not start: ${(error as Error).message}`, { cause: error });
    }
    return child.pid;
  }

  /** Ends it by SIGKILL, in whatever it does. */
  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  /** Lets it finish what it does: SIGTERM, and SIGKILL after 10 s. May be called again. */
  async stop(): Promise<void> {
    await this.#child?.stop();
  }
}
