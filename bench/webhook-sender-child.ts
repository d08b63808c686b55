import { Pool } from 'undici';
import { makeCalls, percentile } from './measure';
import type { Sending, Sent } from './webhook-sender';

/** Sends what it is told to, and tells what came of it. Ends when its parent lets go of it. */
process.on('message', (sending: Sending) => {
  send(sending).then(
    (sent) => process.send?.(sent),
    (error: unknown) => process.send?.(String(error)),
  );
});
process.once('disconnect', () => process.exit());

async function send({ url, webhooks, atOnce }: Sending): Promise<Sent> {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: atOnce });
  const { seconds, latenciesMs } = await makeCalls({ calls: webhooks.length, atOnce }, async (index) => {
    const { body, token } = webhooks[index]!;
    const headers = { 'content-type': 'application/json', 'plaid-verification': token };
    const answer = await pool.request({ method: 'POST', path: pathname, headers, body });
    await answer.body.dump();
    if (answer.statusCode !== 200) throw new Error(`the receiver answered ${answer.statusCode}`);
  });
  await pool.close();
  return { seconds, p99Ms: percentile(latenciesMs, 0.99) };
}
