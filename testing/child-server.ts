import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A server process that this process started. */
export interface ChildServer {
  pid: number;
  /**
   * Waits until `ready` gives true.
   * @throws Error when the process ends first or `timeoutMs` (milliseconds) passes, with the last of what it said
   */
  until: (ready: () => Promise<boolean>, timeoutMs: number) => Promise<void>;
  /** The last of what it wrote to its standard error output, or to its log file, 4,000 characters at most. */
  said: () => string;
  /** SIGKILL; resolves when the process has ended. */
  kill: () => Promise<void>;
  /** SIGTERM, and SIGKILL after 10 s; resolves when the process has ended. May be called again. */
  stop: () => Promise<void>;
}

const STOP_TIMEOUT_MS = 10_000;
const SAID_CHARACTERS = 4_000;
const LAST_WORDS_MS = 1_000;

/*
 * Ends the server ($1) when our end of its standard input closes without a line, as it does however this process ends.
 * A signal handler could not do that: there is none for SIGKILL.
 */
const WATCHDOG =
  'read -r _ && exit; kill -TERM "$1"; for i in 1 2 3 4 5; do sleep 1; kill -0 "$1" || exit; done; kill -KILL "$1"';

/**
 * Starts a server process that ends with this one. It is in a process group of its own, so that Ctrl-C in a terminal
 * reaches only this process, which then stops things in their order.
 * @param options.logFile is added to with all that it writes; made, for this user alone, when absent
 * @throws Error when it cannot be started
 */
export function startChild(
  path: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  { logFile }: { logFile?: string | undefined } = {},
): ChildServer {
  const log = logFile === undefined ? undefined : openSync(logFile, 'a', 0o600);
  const logStart = log === undefined ? 0 : fstatSync(log).size;
  const child = spawn(path, args, { env, detached: true, stdio: ['ignore', log ?? 'ignore', log ?? 'pipe'] });
  if (log !== undefined) closeSync(log);
  child.on('error', () => undefined);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${path} could not be started.`);
  let said = '';
  child.stderr
    ?.setEncoding('utf8')
    .on('data', (text: string) => (said = (said + text).slice(-SAID_CHARACTERS)));
  const ended = new Promise<void>((resolve) => {
    // What it said last may come after its exit, unless somebody else holds its output open.
    child.once('exit', () => {
      const bound = setTimeout(resolve, LAST_WORDS_MS);
      child.once('close', () => clearTimeout(bound));
    });
    child.once('close', () => resolve());
  });
  endWithThisProcess(pid, ended);
  child.unref();
  (child.stderr as Socket | null)?.unref();
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const lastWords = () => {
    if (logFile === undefined) return said;
    return readFileSync(logFile).subarray(logStart).toString('utf8').slice(-SAID_CHARACTERS);
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    if (hasEnded()) return;
    child.ref();
    child.kill(signal);
    const bound = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(bound);
  };
  return {
    pid,
    said: lastWords,
    async until(ready, timeoutMs) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const isReady = await Promise.race([ready(), ended.then(() => false)]);
        // In this order, since another server may answer at the port that this one did not get.
        if (hasEnded()) {
          await ended;
          throw new Error(`it ended by itself. It said: ${lastWords().trim() || 'nothing'}`);
        }
        if (isReady) return;
        if (Date.now() > deadline) {
          throw new Error(
            `no answer within ${timeoutMs / 1_000} s. It said: ${lastWords().trim() || 'nothing'}`,
          );
        }
        await delay(50);
      }
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

/**
 * Sees to it that a process that this one started ends with it, however that happens: SIGTERM, and SIGKILL 5 s later.
 * @param ended resolves when it has ended: its id may be another's by then
 */
export function endWithThisProcess(pid: number, ended: Promise<unknown>): void {
  const watchdog = spawn('sh', ['-c', WATCHDOG, 'sh', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.stdin.on('error', () => undefined);
  void ended.then(() => watchdog.stdin.end('ended\n'));
  for (const handle of [watchdog, watchdog.stdin as Socket]) handle.unref();
}

/** True when a server did not get the port that it was to listen on: somebody was faster. */
export function lostItsPort(child: ChildServer): boolean {
  return /address already in use|EADDRINUSE|can't set .*port/i.test(child.said());
}

/**
 * Gives `count` different loopback ports to listen on. The system gives them to nobody else who asks for any free port in
 * the next minute, but somebody may ask for one by its number.
 */
export async function freePorts(count: number): Promise<number[]> {
  return await Promise.all(Array.from({ length: count }, () => freePort()));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  // A connection that the listening end closes first leaves the port in TIME_WAIT, and so out of the system's choice.
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect(port, '127.0.0.1').resume();
  const [socket] = await accepted;
  const clientClosed = once(client, 'close');
  socket.end();
  await clientClosed;
  server.close();
  await once(server, 'close');
  return port;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return address.port;
}
