import { freePorts } from '../../../testing/child-server';
import type { RunningServer } from '../../../src/http/server';
import { type HealthQuestions, reachable, startHealthServer } from '../../../src/worker/health';
import { fakeTimeouts } from '../../../testing/fake-timeouts';
import { until } from '../../../testing/until';

const fine = () => ({ ok: true, found: 'reachable' });

let server: RunningServer | undefined;
afterEach(async () => {
  jest.useRealTimers();
  await server?.close();
});

/** Starts a server, and gives what asks it. */
async function start(ready: HealthQuestions['ready']): Promise<(path: string) => Promise<Response>> {
  const [port] = await freePorts(1);
  server = await startHealthServer({ host: '127.0.0.1', port: port! }, { live: {}, ready });
  return (path) => fetch(`http://127.0.0.1:${port}${path}`);
}

describe('the health server', () => {
  test('names each check and what it found, and answers 503 when one is not as it should be', async () => {
    let vault = fine();
    const ask = await start({ temporal: fine, vault: () => vault });
    const answers = [await ask('/readyz')];
    vault = { ok: false, found: 'unreachable' };
    answers.push(await ask('/readyz'));
    expect(answers.map(({ status }) => status)).toEqual([200, 503]);
    expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual([
      { status: 'ok', checks: { temporal: 'reachable', vault: 'reachable' } },
      { status: 'unavailable', checks: { temporal: 'reachable', vault: 'unreachable' } },
    ]);
  });

  test('gives up a check that gets no answer', async () => {
    fakeTimeouts();
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const never = () => new Promise(() => begin());
    const ask = await start({ vault: () => reachable(never) });
    const asked = ask('/readyz');
    await begun;
    await jest.advanceTimersByTimeAsync(3_000);
    const answer = await asked;
    expect([answer.status, await answer.json()]).toEqual([
      503,
      { status: 'unavailable', checks: { vault: 'unreachable' } },
    ]);
  });

  test('checks once for all who ask meanwhile, and anew for those who ask later', async () => {
    let checks = 0;
    let go!: () => void;
    const held = new Promise<void>((resolve) => (go = resolve));
    const ask = await start({
      vault: async () => {
        checks += 1;
        await held;
        return fine();
      },
    });
    const asked = Array.from({ length: 5 }, () => ask('/readyz'));
    await until('the check is made', () => checks > 0);
    await ask('/livez');
    expect(checks).toBe(1);
    go();
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const checksBefore = checks;
    await ask('/readyz');
    expect(checks).toBe(checksBefore + 1);
  });

  test('answers nothing else', async () => {
    const ask = await start({});
    const answer = await ask('/');
    expect([answer.status, await answer.text()]).toEqual([
      404,
      expect.stringContaining('GET /livez and GET /readyz'),
    ]);
  });
});
