import type { LogEntry } from '@temporalio/worker';
import { generateKeyRingText, parseKeyRing } from '../../../src/secrets/key-ring';
import { quietRuntime } from '../../../testing/quiet-runtime';
import { describeWithTimeSkipping } from '../../../testing/temporal';
import { MINUTE_MS, virtualTime } from '../../../testing/virtual-time';

describeWithTimeSkipping('a create that sends, and that no worker can read for ten minutes,', () => {
  const logged: LogEntry[] = [];
  beforeAll(() => quietRuntime((entry) => void logged.push(entry)));
  const virtual = virtualTime();

  it('fails by the id of the missing key, and has sent nothing', async () => {
    const { harness } = virtual;
    await harness.stopWorkers();
    await harness.startWorkers(undefined, parseKeyRing(generateKeyRingText('another'), 'another ring'));
    const linkToken = harness.sandbox.issueLinkToken();
    const starting = harness.client.start({
      key: 'unread',
      linkToken,
      delivery: { method: 'SMS', address: '+14155550123' },
    });
    const named = /key id codec-[0-9a-f]{8}, which the codec key ring lacks/;
    const refused = expect(starting).rejects.toMatchObject({
      code: 'CREATE_FAILED',
      message: expect.stringMatching(named) as string,
    });
    let ended = false;
    void starting.catch(() => undefined).finally(() => (ended = true));
    await virtual.passUntil('its start is answered', () => ended, MINUTE_MS);
    await refused;
    expect(await harness.client.status('unread')).toMatchObject({
      state: 'FAILED',
      lastError: { type: 'WORKER/PAYLOAD_UNDECODABLE', class: 'operator', effect: 'NONE' },
    });
    expect(harness.sandbox.ledger().toJSON().sessions).toEqual([]);
    for (const { message } of logged) expect(message).toMatch(named);
  });
});
