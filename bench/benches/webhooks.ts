import { createLogger } from '../../src/telemetry/logger';
import { startWebhookReceiver } from '../../src/webhook/receiver';
import type { WebhookReceiver } from '../../src/webhook/receiver';
import { verifyWebhook } from '../../src/webhook/verify';
import type { Bench, BenchContext, BenchResult } from '../bench';
import { alternate, compare, makeCalls, measureGrowth, percentile, state } from '../measure';
import { bareVerify } from '../baselines/bare-verify';
import { type SignedWebhooks, signWebhooks } from '../signed-webhooks';
import { startWebhookSender, type WebhookSender } from '../webhook-sender';

/** The webhooks of a round. */
const COUNT = { full: 4_000, smoke: 100 };

/** How many webhooks are under way to the receiver at any time. */
const AT_ONCE = 20;

export const webhooks: Bench = {
  name: 'webhooks',
  what: 'the verification of webhooks beside crypto.verify alone, both on one core; and the receiver over HTTP',
  async run(context) {
    const results = [await verification(context), await receiver(context)];
    return {
      rows: results.flatMap(({ rows }) => rows),
      plots: results.flatMap(({ plots = [] }) => plots),
      versions: { openssl: process.versions.openssl },
    };
  },
};

async function verification({ scale, rounds, log }: BenchContext): Promise<BenchResult> {
  const count = COUNT[scale];
  log(`verification: ${count} webhooks a round, one after the other`);
  const now = Date.now();
  const signed = signWebhooks(count, now);
  const received = signed.webhooks.map(({ body, token }) => ({ body: Buffer.from(body), token }));
  const verifying = (calls: number) =>
    makeCalls({ calls, atOnce: 1 }, (index) =>
      verifyWebhook({ ...received[index % count]!, keyOf: () => Promise.resolve(signed.publicKey), now }),
    );
  const contenders = {
    ours: () => verifying(count),
    bare: () =>
      makeCalls({ calls: count, atOnce: 1 }, async (index) => {
        if (!bareVerify(received[index]!.token, signed.publicKey)) throw new Error('the signature is wrong');
      }),
  };
  const round = (verify: typeof contenders.ours) => async () => {
    const { seconds, cpuSeconds, latenciesMs } = await verify();
    return {
      rate: count / seconds,
      ratePerCore: count / cpuSeconds,
      p99: percentile(latenciesMs, 0.99) * 1_000,
    };
  };
  const { ours, bare } = await alternate(
    { ours: round(contenders.ours), bare: round(contenders.bare) },
    { rounds },
  );
  const { row, plot } = await measureGrowth(
    { name: 'webhooks-growth', what: 'verified webhooks', leastWork: count / 4, rounds },
    async (calls) => (await verifying(calls)).seconds,
  );
  const name = 'crypto.verify';
  return {
    rows: [
      compare({
        what: 'verification',
        unit: 'webhooks/s',
        ours: ours.rate,
        baseline: { name, values: bare.rate },
      }),
      compare({
        what: 'verification on one core',
        unit: 'webhooks/CPU s',
        ours: ours.ratePerCore,
        baseline: { name, values: bare.ratePerCore },
        reach: { op: '>=', value: 0.6 },
      }),
      compare({
        what: 'verification, p99',
        unit: 'µs',
        ours: ours.p99,
        baseline: { name, values: bare.p99 },
      }),
      row,
    ],
    plots: [plot],
    versions: {},
  };
}

/** The receiver in this process, its sender in another; the vault and Temporal answer at once. */
async function receiver({ scale, rounds, log }: BenchContext): Promise<BenchResult> {
  const count = COUNT[scale];
  log(`receiver: ${count} webhooks a round over HTTP, ${AT_ONCE} at once`);
  const sender = startWebhookSender();
  const rates: number[] = [];
  const p99s: number[] = [];
  const cpuMicroseconds: number[] = [];
  try {
    // The first warms up.
    for (let round = -1; round < rounds; round++) {
      const signed = signWebhooks(count, Date.now());
      const { sent, cpuSeconds } = await receive(sender, signed);
      if (round < 0) continue;
      rates.push(count / sent.seconds);
      p99s.push(sent.p99Ms);
      cpuMicroseconds.push((cpuSeconds * 1e6) / count);
    }
  } finally {
    await sender.close();
  }
  return {
    rows: [
      state('receiver over HTTP', 'webhooks/s', rates),
      state('receiver over HTTP, p99', 'ms', p99s),
      state('receiver over HTTP', 'CPU µs a webhook', cpuMicroseconds),
    ],
    versions: {},
  };
}

async function receive(sender: WebhookSender, { keyId, publicKey, webhooks: list }: SignedWebhooks) {
  const { x, y } = publicKey.export({ format: 'jwk' });
  let hints = 0;
  const started: WebhookReceiver = await startWebhookReceiver({
    plaid: {
      webhookVerificationKeyGet: async () => ({ keyId, x: x!, y: y!, expired: false, requestId: 'bench' }),
    },
    sessions: { findByPlaidSession: async (hash) => ({ key: hash, endedAt: undefined }) },
    client: {
      checkNow: async () => void hints++,
      deliveryFailed: async () => undefined,
    },
    environment: 'sandbox',
    logger: createLogger({ level: 'error' }),
    address: { host: '127.0.0.1', port: 0 },
  });
  try {
    const cpuBefore = process.cpuUsage();
    const sent = await sender.send({ url: started.url, webhooks: list, atOnce: AT_ONCE });
    const { user, system } = process.cpuUsage(cpuBefore);
    if (hints !== list.length) throw new Error(`of ${list.length} webhooks ${hints} became hints`);
    return { sent, cpuSeconds: (user + system) / 1e6 };
  } finally {
    await started.close();
  }
}
