import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { startRelay, type Relay } from '../../../../tools/chaos/relay';

let server: Server;
let relay: Relay;

beforeEach(async () => {
  // Answers each piece with the same piece, twice.
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (piece) => socket.write(Buffer.concat([piece, piece])));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  relay = await startRelay((server.address() as { port: number }).port);
});
afterEach(async () => {
  await relay.close();
  server.close();
  await once(server, 'close');
});

/** Sends a text, and gives what has come until `length` characters have, or the connection is gone. */
async function answerTo(text: string, length: number): Promise<string> {
  const socket: Socket = connect(relay.port, '127.0.0.1');
  let received = '';
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('error', () => undefined);
  socket.on('data', (piece) => {
    received += String(piece);
    if (received.length === length) socket.end();
  });
  socket.write(text);
  await closed;
  return received;
}

it('passes on what both sides say', async () => {
  const text = 'x'.repeat(1_000_000);
  expect(await answerTo(text, 2 * text.length)).toHaveLength(2 * text.length);
  expect(relay.cuts).toBe(0);
});

it('cuts a connection in the middle of an answer while it is cutting, and no longer', async () => {
  relay.cutting = true;
  expect(await answerTo('abcd', 8)).toBe('abcd');
  expect(relay.cuts).toBe(1);
  relay.cutting = false;
  expect(await answerTo('abcd', 8)).toBe('abcdabcd');
});

it('ends the connection of a client whose server is gone', async () => {
  const gone = await startRelay(1);
  const socket = connect(gone.port, '127.0.0.1');
  await once(socket, 'close');
  await gone.close();
});
