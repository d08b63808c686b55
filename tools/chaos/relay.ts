import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Stands between a server on loopback and its clients, and can cut connections in the middle of an answer. */
export interface Relay {
  port: number;
  /** While true, each connection is cut after the first half of the next piece that the server sends. */
  cutting: boolean;
  /** How many connections it has cut. */
  readonly cuts: number;
  close(): Promise<void>;
}

/** @param targetPort where the server listens on 127.0.0.1; it need not run yet, and may end and come again */
export async function startRelay(targetPort: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  const relay = { port: 0, cutting: false, cuts: 0, close };
  const listener = createServer((client) => {
    const server = connect(targetPort, '127.0.0.1');
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket.setNoDelay());
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.pipe(server);
    client.on('drain', () => server.resume());
    server.on('data', (piece) => {
      if (!relay.cutting) {
        if (!client.write(piece)) server.pause();
        return;
      }
      relay.cuts += 1;
      server.pause();
      client.write(piece.subarray(0, piece.length / 2), () => client.resetAndDestroy());
    });
    server.on('end', () => client.end());
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  relay.port = (listener.address() as AddressInfo).port;
  return relay;

  async function close(): Promise<void> {
    listener.close();
    for (const socket of sockets) socket.destroy();
    await once(listener, 'close');
  }
}
