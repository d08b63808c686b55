import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answers } from './answering-server';

/** The process of an answering server: receives its answers, sends its port, and ends when its parent disconnects. */
async function main(): Promise<void> {
  const [answers] = (await once(process, 'message')) as [Answers];
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const answer = answers[request.url ?? ''];
      response
        .writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
        .end(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.((server.address() as AddressInfo).port);
  process.once('disconnect', () => process.exit());
}

void main();
