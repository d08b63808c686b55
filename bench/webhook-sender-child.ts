import { Pool } from 'undici';
import { makeCalls, percentile } from './measure';
import type { SendRequest, SendResult } from './webhook-sender';

/** Sends the webhooks of each message and answers with the times. Ends when its parent disconnects. */
process.on('message', (sending: SendRequest) => {
  send(sending).then(
    (sent) => process.send?.(sent),
    (error: unknown) => process.send?.(String(error)),
  );
});
process.once('disconnect', () => process.exit());

async function send({ url, webhooks, atOnce }: SendRequest): Promise<SendResult> {
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
