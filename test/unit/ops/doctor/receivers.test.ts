import { readSettings } from '../../../../src/config/settings';
import { checkReceivers } from '../../../../src/ops/doctor/receivers';
import { generateKeyRingText } from '../../../../src/secrets/key-ring';
import { httpServer } from '../../../../testing/loopback';

describe('the receivers of webhooks of items and of callbacks', () => {
  const keys = `${generateKeyRingText('new')},${generateKeyRingText('old')}`;
  const ids = keys.split(',').map((pair) => pair.split(':')[0]);
  const findings = async (url: string) =>
    await checkReceivers(
      readSettings({
        HOSTED_LINK_ITEM_WEBHOOK_URL: url,
        HOSTED_LINK_CALLBACK_URL: url,
        HOSTED_LINK_CALLBACK_KEYS: keys,
      }),
    );

  it('are fine when they are not set', async () => {
    expect(await checkReceivers(readSettings({}))).toMatchObject([
      { check: 'item webhooks', level: 'ok', message: expect.stringContaining('is not set') },
      { check: 'callbacks', level: 'ok', message: expect.stringContaining('is not set') },
    ]);
  });

  it('are asked by HEAD, whatever they answer; the ids of the keys that sign are shown', async () => {
    const receiver = await httpServer((response) => void response.writeHead(405).end());
    expect(await findings(`${receiver.url}/?token=in-the-url`)).toMatchObject([
      { check: 'item webhooks', level: 'ok' },
      { check: 'callbacks', level: 'ok', message: `their receiver answers; signed by ${ids.join(', ')}` },
    ]);
    expect(receiver.requests.map(({ method, body }) => [method, body])).toEqual([
      ['HEAD', ''],
      ['HEAD', ''],
    ]);
    await receiver.close();
  });

  it('that do not answer are a warning, which names the setting and not the URL', async () => {
    const receiver = await httpServer(() => undefined);
    await receiver.close();
    const found = await findings(`${receiver.url}/?token=in-the-url`);
    expect(found).toMatchObject([
      { level: 'warning', message: 'nothing answers at HOSTED_LINK_ITEM_WEBHOOK_URL from here' },
      { level: 'warning', message: 'nothing answers at HOSTED_LINK_CALLBACK_URL from here' },
    ]);
    expect(JSON.stringify(found)).not.toContain('in-the-url');
  });
});
