import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { printStatus } from '../../../src/cli/print';
import {
  exchangeWorkflowId,
  erasureWorkflowId,
  removalWorkflowId,
  sessionWorkflowId,
  TASK_QUEUES,
} from '../../../src/domain/ids';
import { sessionInput } from '../../../src/requests/start-request';
import { onDevServer, startHarness, type Harness } from '../../../testing/harness';
import { describeWithDevServer, devServer } from '../../../testing/temporal';
import { until } from '../../../testing/until';

const MINUTE_MS = 60_000;

/** What a terminal, a page or Markdown could take for more than a text. */
const HOSTILE =
  'OPENED`\n# x\u001b]0;t\u0007\u009b2J\u202e [a](https://evil.example) <img src=x> **COMPLETED**';

describeWithDevServer('what comes from outside', () => {
  let harness: Harness;
  afterAll(async () => await harness?.close(), MINUTE_MS);
  const server = devServer({
    searchAttributes: { HostedLinkState: 'Keyword', HostedLinkPlaidFlow: 'Keyword' },
  });
  beforeAll(async () => {
    harness = await startHarness(onDevServer(server), { now: Date.now });
  }, MINUTE_MS);

  /** The error type by which a workflow of any input ends. Fails when it does not end. */
  async function endOf(workflowType: string, workflowId: string, args: unknown[]): Promise<string> {
    const handle = await harness.temporal.workflow.start(workflowType, {
      workflowId,
      taskQueue: TASK_QUEUES.main,
      args,
    });
    const ended: unknown = await handle.result().then(
      () => new Error('it has completed'),
      (error: unknown) => error,
    );
    const { type, message } = (ended as { cause?: { type?: string; message?: string } }).cause ?? {};
    return `${type}: ${message?.split(':')[0]}`;
  }

  const sound = sessionInput(
    { key: 'sound', linkToken: `link-sandbox-${randomUUID()}` },
    { environment: 'sandbox' },
  );
  const { key: _, ...keyless } = sound;
  const malformed = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.record({ request: fc.jsonValue({ maxDepth: 2 }) }),
    // One field of a sound input, made of anything.
    fc
      .tuple(
        fc.constantFrom(
          ...['key', 'plaidFlow', 'notify', 'requestDigest', 'linkToken', 'delivery', 'update'],
          ...['userId', 'expiresAt', 'resumed'],
        ),
        fc.constantFrom<unknown>(null, 7, true, [7], { method: 7, itemId: {} }),
      )
      .map(([field, value]) => ({ ...sound, [field]: value })),
  );

  it(
    'as the input of a session ends it with INVALID_INPUT, and stops no workflow',
    async () => {
      const inputs = fc.sample(malformed, { numRuns: 100, seed: 6 });
      const ends = await Promise.all(
        [[], [keyless], ...inputs.map((input) => [input])].map((args) =>
          endOf('hostedLinkSession', sessionWorkflowId(randomUUID()), args),
        ),
      );
      for (const end of ends) expect(end).toMatch(/^INVALID_INPUT: /);
      expect(harness.sandbox.ledger().toJSON().sessions).toEqual([]);
    },
    2 * MINUTE_MS,
  );

  it('as the input of an exchange, a removal or a forgetting does so as well', async () => {
    const inputs = [[], [null], ['x'], [{}], [{ key: 'a b', notify: [] }], [{ key: 'k', notify: [7] }]];
    const ends = await Promise.all([
      ...inputs.map((args) => endOf('tokenExchange', exchangeWorkflowId(randomUUID()), args)),
      ...inputs.map((args) => endOf('itemRemoval', removalWorkflowId(randomUUID()), [args])),
      ...inputs.map((args) => endOf('userErasure', erasureWorkflowId(randomUUID()), args)),
    ]);
    expect(new Set(ends)).toEqual(new Set(['INVALID_INPUT: input']));
  });

  it(
    'as a status of Plaid’s, or in a signal, does nothing in the current details, and is a line in a terminal',
    async () => {
      const linkToken = harness.sandbox.issueLinkToken();
      const { key, workflowId } = await harness.client.start({ key: 'hostile', linkToken });
      const get = harness.plaid.linkDeliveryGet;
      harness.plaid.linkDeliveryGet = async (id) => ({ ...(await get(id)), status: HOSTILE });
      const handle = harness.temporal.workflow.getHandle(workflowId);
      await handle.signal('deliveryFailed', HOSTILE);
      await handle.signal('checkNow');
      await until('the status is known', async () => {
        const { plaidStatus, deliveryFailure } = await harness.client.status(key);
        return plaidStatus === HOSTILE && deliveryFailure !== undefined;
      });
      const { currentDetails } = await handle.query<{ currentDetails: string }>(
        '__temporal_workflow_metadata',
      );
      expect(currentDetails.split('\n')).toEqual(
        expect.arrayContaining([
          expect.stringMatching(
            /^\*\*WAITING\*\* since \S+; Plaid says OPENED\\` # x \\\]0;t 2J {2}\\\[a\\\]\(https\\:\/\/evil\.example\) \\<img src=x\\> \\\*\\\*COMPLETED\\\*\\\*$/,
          ),
          expect.stringMatching(/^- Plaid could not deliver the link \(UNKNOWN\): \S+$/),
        ]),
      );

      const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
      const report = await harness.client.status(key);
      printStatus(report);
      const printed = write.mock.calls.map(([text]) => String(text)).join('');
      write.mockRestore();
      expect(printed).toContain('\n  Plaid says: OPENED`?# x?]0;t??2J? [a]');
      expect(printed).toMatch(/^([^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+\n)+$/u);

      harness.plaid.linkDeliveryGet = get;
      harness.sandbox.session(linkToken).complete();
      await harness.client.checkNow(key);
      expect(await harness.client.waitForFinalStatus(key)).toMatchObject({ state: 'COMPLETED' });
    },
    2 * MINUTE_MS,
  );
});
