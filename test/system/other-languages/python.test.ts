import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { generateKeyRingText, parseKeyRing } from '../../../src/secrets/key-ring';
import { ROOT } from '../../../testing/built';
import { type Harness, onDevServer, startHarness } from '../../../testing/harness';
import { describeWithDevServer, devServer } from '../../../testing/temporal';
import { programPath } from '../../../testing/programs';

const MINUTE_MS = 60_000;

const describeWithPython = programPath('python-with-temporal') ? describeWithDevServer : describe.skip;

/** What examples/python/session.py prints, a line each. */
type Line = Record<'link' | 'status' | 'result' | 'exchange', unknown>;

describeWithPython("an application in Python, by Temporal's SDK and examples/python", () => {
  let harness: Harness | undefined;
  // Before the server's own, since hooks run in this order.
  afterAll(async () => await harness?.close(), MINUTE_MS);
  const server = devServer();
  const ringText = generateKeyRingText('codec');

  beforeAll(async () => {
    const options = { codecRing: parseKeyRing(ringText, 'test ring') };
    harness = await startHarness(onDevServer(server), { now: Date.now }, options);
  }, MINUTE_MS);

  it(
    'starts a session, gets its URL, its status and its result, each of which the published schema describes',
    async () => {
      const linkToken = harness!.sandbox.issueLinkToken();
      const printed: Partial<Line> = {};
      await session('from-python', linkToken, (line) => {
        Object.assign(printed, line);
        // The person is quick: the link is finished as soon as it is there.
        if (line.link) harness!.sandbox.session(linkToken).complete();
      });
      expect(printed).toEqual({
        link: expect.objectContaining({
          url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/hl\//) as string,
        }),
        status: expect.objectContaining({ key: 'from-python', state: 'WAITING' }),
        result: expect.objectContaining({ key: 'from-python', state: 'COMPLETED', results: 1 }),
        exchange: expect.objectContaining({
          key: 'from-python',
          results: [expect.objectContaining({ state: 'LINKED' })],
        }),
      });
      expectValid('Link', printed.link);
      expectValid('SessionView', printed.status);
      expectValid('SessionView', printed.result);
      expectValid('ExchangeView', printed.exchange);
    },
    MINUTE_MS,
  );

  it(
    'is told what is wrong with its request by name',
    async () => {
      await expect(session('wrong', 'no link token')).rejects.toThrow(/linkToken: not a link token/);
    },
    MINUTE_MS,
  );

  /** Runs the example to its end. @throws Error with what it wrote when it fails */
  async function session(
    key: string,
    linkToken: string,
    onLine: (line: Partial<Line>) => void = () => {},
  ): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const child = execFile(
        programPath('python-with-temporal')!,
        [join(ROOT, 'examples/python/session.py'), key, linkToken],
        {
          env: {
            PATH: process.env['PATH'],
            PYTHONDONTWRITEBYTECODE: '1',
            TEMPORAL_ADDRESS: server.address,
            HOSTED_LINK_CODEC_KEYS: ringText,
          },
        },
        (error, _stdout, stderr) => (error ? reject(new Error(stderr)) : resolve()),
      );
      createInterface(child.stdout!).on('line', (line) => onLine(JSON.parse(line) as Partial<Line>));
    });
  }
});

function expectValid(definition: string, value: unknown): void {
  const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
  const schema = JSON.parse(readFileSync(join(ROOT, 'schemas/session.schema.json'), 'utf8')) as object;
  const validate = ajv.addSchema(schema, 'session').getSchema(`session#/definitions/${definition}`)!;
  void validate(value);
  expect(validate.errors ?? []).toEqual([]);
}
