import { SandboxClock } from '../../../src/sandbox/clock';
import { WebhookKeys } from '../../../src/sandbox/webhook-keys';
import { WebhookSender } from '../../../src/sandbox/webhook-sender';
import { httpServer } from '../../../testing/loopback';
import { until } from '../../../testing/until';

test('a webhook that nobody answers in time counts as refused, and comes again', async () => {
  let answers = false;
  const application = await httpServer((response) => answers && response.end());
  const clock = new SandboxClock(() => 0);
  const keys = new WebhookKeys(clock.now);
  const sender = new WebhookSender({ keys, clock, retries: () => true, answerTimeoutMs: 100 });
  sender.send(application.url, { webhook_type: 'TEST', webhook_code: 'TEST' });
  const [delivery] = sender.deliveries;
  await until('the time is up', () => delivery!.attempts.length === 1);
  expect(delivery).toMatchObject({ outcome: 'PENDING', attempts: [{ status: undefined }] });
  answers = true;
  clock.advance(30_000);
  await until('it is taken', () => delivery!.outcome === 'DELIVERED');
  expect(application.requests).toHaveLength(2);
  clock.close();
  await sender.close();
  await application.close();
});
