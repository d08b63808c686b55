import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, type ChildServer } from '../child-server';

const ROOT = join(__dirname, '../..');
const PROGRAM = join(ROOT, 'bin/hosted-link.js');

/** The first start makes the embedded database, which takes seconds of computing. In milliseconds. */
const READY_TIMEOUT_MS = 60_000;

/** `hosted-link worker` as a process of its own, that can be killed and started again. */
export class WorkerProcess {
  #child: ChildServer | undefined;

  /** @param logFile is added to with all that the worker writes */
  constructor(
    private readonly env: NodeJS.ProcessEnv,
    private readonly logFile: string,
  ) {
    if (!existsSync(join(ROOT, 'dist/cli/main.js')))
      throw new Error('There is no dist/; run `npm run build`, or start the demo with `npm run demo`.');
  }

  /**
   * Starts it, waits until it polls, and gives its process id.
   * @throws Error with the last of its log when it ends by itself or does not poll within 60 s
   */
  async start(): Promise<number> {
    const child = startChild(process.execPath, [PROGRAM, 'worker'], this.env, { logFile: this.logFile });
    this.#child = child;
    try {
      await child.until(async () => child.said().includes('"worker is polling"'), READY_TIMEOUT_MS);
    } catch (error) {
      throw new Error(`The worker did not start: ${(error as Error).message}`, { cause: error });
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
