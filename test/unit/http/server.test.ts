import { once } from 'node:events';
import { connect } from 'node:net';
import { InputError } from '../../../src/domain/input-error';
import { AnsweredError, createServer, listen, type RunningServer } from '../../../src/http/server';
import { fakeTimeouts } from '../../../testing/fake-timeouts';

const ANY_PORT = { host: '127.0.0.1', port: 0 };

let running: RunningServer;
const unexpected: Error[] = [];

beforeAll(async () => {
  const server = createServer({
    answers: 'GET /fine',
    bodyLimit: 100,
    onUnexpectedError: (error) => unexpected.push(error),
  });
  server.get('/fine', async () => ({ fine: true }));
  server.post('/fine', async () => ({ fine: true }));
  server.get('/input', async () => {
    throw new InputError('x', 'wrong', 'correct it');
  });
  server.get('/denied', async () => {
    throw new AnsweredError(503, 'ask again');
  });
  server.get('/broken', async () => {
    throw new Error('postgresql://u:secret@host');
  });
  server.get('/status', async () => {
    throw Object.assign(new Error('postgresql://u:secret@host'), { statusCode: 503 });
  });
  running = await listen(server, ANY_PORT, 'X');
});

afterAll(() => running.close());

test.each([
  ['/fine', 200, '{"fine":true}'],
  ['/input', 400, 'x: wrong; correct it\n'],
  ['/denied', 503, 'ask again\n'],
  ['/elsewhere', 404, 'not found; this server answers GET /fine only\n'],
])('answers %s with %i, and lets nobody cache it', async (path, status, body) => {
  const answer = await fetch(running.origin + path);
  expect([answer.status, await answer.text()]).toEqual([status, body]);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('content-type')).toMatch(
    status === 200 ? /^application\/json/ : /^text\/plain; charset=utf-8$/,
  );
  expect(unexpected).toEqual([]);
});

test.each([
  ['/broken', 500],
  ['/status', 503],
])('hides the message of an unexpected error of %s, and reports it', async (path, status) => {
  unexpected.length = 0;
  const answer = await fetch(running.origin + path);
  expect([answer.status, await answer.text()]).toEqual([status, 'internal error\n']);
  expect(unexpected.map(({ message }) => message)).toEqual(['postgresql://u:secret@host']);
});

test('refuses a body that is too large', async () => {
  const body = JSON.stringify('x'.repeat(100));
  const headers = { 'content-type': 'application/json' };
  expect((await fetch(`${running.origin}/fine`, { method: 'POST', headers, body })).status).toBe(413);
});

test.each([
  ['an address that is in use', () => new URL(running.origin).host, / is in use; /],
  [
    'an address of another machine',
    () => '192.0.2.1:0',
    /^X: 192\.0\.2\.1:0 is not an address of this machine; /,
  ],
])('names the field when it is %s', async (_what, address, message) => {
  const [host = '', port] = address().split(':');
  const started = listen(createServer({ answers: 'nothing' }), { host, port: Number(port) }, 'X');
  await expect(started).rejects.toThrow(InputError);
  await expect(started).rejects.toThrow(message);
});

describe('a server that is closed', () => {
  /** Starts a server with a request under way, and lets it be answered. */
  async function startWithRequest() {
    const server = createServer({ answers: 'GET /held' });
    let answer!: () => void;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    server.get('/held', async () => {
      begin();
      await answered;
      return 'done';
    });
    const held = await listen(server, ANY_PORT, 'X');
    const socket = connect(Number(new URL(held.origin).port), '127.0.0.1');
    socket.on('error', () => undefined);
    let received = '';
    socket.setEncoding('utf8').on('data', (text: string) => (received += text));
    const closed = once(socket, 'close');
    socket.write('GET /held HTTP/1.1\r\nhost: x\r\n\r\n');
    await begun;
    return { server: held, answer, closed, received: () => received };
  }

  test('answers what is under way, and keeps no connection after it', async () => {
    const { server, answer, closed, received } = await startWithRequest();
    const closing = server.close();
    answer();
    await Promise.all([closing, closed]);
    expect(received()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(received()).toMatch(/connection: close/i);
  });

  test('cuts off what takes longer than 8 s', async () => {
    fakeTimeouts();
    try {
      const { server, closed, received } = await startWithRequest();
      const closing = server.close();
      await jest.advanceTimersByTimeAsync(7_999);
      expect(received()).toBe('');
      await jest.advanceTimersByTimeAsync(1);
      await Promise.all([closing, closed]);
      expect(received()).toBe('');
    } finally {
      jest.useRealTimers();
    }
  });
});
