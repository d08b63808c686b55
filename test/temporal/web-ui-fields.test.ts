import { decodeOptionalSinglePayload } from '@temporalio/common/lib/internal-non-workflow';
import type { temporal as proto } from '@temporalio/proto';
import { HostedLinkClient, type StartRequest } from '../../src/client';
import { plaidSessionHash, userHash } from '../../src/secrets/digest';
import { exchangeWorkflowId, sessionWorkflowId } from '../../src/domain/ids';
import { parseLinkToken } from '../../src/domain/link-token';
import { LINK_TOKEN_REQUEST } from '../../testing/plaid-calls';
import { onDevServer, startHarness, type Harness } from '../../testing/harness';
import { describeWithDevServer, devServer } from '../../testing/temporal';
import { until } from '../../testing/until';

const MINUTE_MS = 60_000;

const INSTITUTION = 'ins_990001';

/** Workflows of an application that start sessions. */
const PARENTS = 'parents';

type HistoryEvent = proto.api.history.v1.IHistoryEvent;

describeWithDevServer('what Temporal shows of sessions', () => {
  let harness: Harness;
  afterAll(async () => await harness?.close(), MINUTE_MS);
  const server = devServer();

  beforeAll(async () => {
    harness = await startHarness(onDevServer(server), { now: Date.now });
  }, MINUTE_MS);

  /** Starts a session, lets its person finish, and gives Plaid's session id. */
  async function complete(request: StartRequest & { key: string }): Promise<string> {
    const { url } = await harness.client.start(request);
    const plaidSessionId = url!.split('/').at(-1)!;
    const person = harness.sandbox.session(plaidSessionId);
    person.open();
    if (request.plaidFlow === 'hosted_link') {
      person.connect({ institutionId: INSTITUTION });
      person.finish();
    } else person.complete();
    await harness.client.checkNow(request.key);
    await harness.client.waitForFinalStatus(request.key);
    return plaidSessionId;
  }

  /** The ids of the workflows that a query finds, once there are `count`: the list may lag behind. */
  async function found(query: string, count: number): Promise<string[]> {
    const list = async () => {
      const ids: string[] = [];
      for await (const { workflowId } of harness.temporal.workflow.list({ query })) ids.push(workflowId);
      return ids.sort();
    };
    await until(`${count} are listed for ${query}`, async () => (await list()).length === count);
    return await list();
  }

  const both = (key: string) => [sessionWorkflowId(key), exchangeWorkflowId(key)];

  it.each(['link_delivery', 'hosted_link'] as const)(
    'is found by state, Plaid flow, person, session of Plaid and institution, with %s',
    async (plaidFlow) => {
      const key = `found-${plaidFlow}`;
      const user = { client_user_id: `person-${plaidFlow}` };
      const id = await complete({ key, plaidFlow, linkTokenRequest: { ...LINK_TOKEN_REQUEST, user } });
      const ofPerson = `HostedLinkUser = '${userHash(`person-${plaidFlow}`)}'`;
      expect(await found(ofPerson, 2)).toEqual(both(key));
      expect(await found(`HostedLinkPlaidSession = '${plaidSessionHash(id)}'`, 2)).toEqual(both(key));
      const completed = `HostedLinkState = 'COMPLETED' AND HostedLinkPlaidFlow = '${plaidFlow}' AND ${ofPerson}`;
      expect(await found(completed, 1)).toEqual([sessionWorkflowId(key)]);
      expect(await found(`HostedLinkInstitution = '${INSTITUTION}' AND ${ofPerson}`, 1)).toEqual([
        exchangeWorkflowId(key),
      ]);
    },
    MINUTE_MS,
  );

  it('is found by the session of Plaid from its start, when the caller has made the link token', async () => {
    const linkToken = harness.sandbox.issueLinkToken();
    const { workflowId } = await harness.client.start({ key: 'own-token', linkToken });
    const { events } = await harness.temporal.workflow.getHandle(workflowId).fetchHistory();
    const { searchAttributes } = events![0]!.workflowExecutionStartedEventAttributes!;
    const { data } = searchAttributes!.indexedFields!['HostedLinkPlaidSession']!;
    expect(JSON.parse(Buffer.from(data!).toString())).toBe(plaidSessionHash(parseLinkToken(linkToken)!.id));
  });

  it('is found by the person of a session that another workflow started', async () => {
    await harness.startApplicationWorker({
      taskQueue: PARENTS,
      workflowsPath: require.resolve('../../testing/fixtures/parent-workflows'),
    });
    const linkToken = harness.sandbox.issueLinkToken();
    await harness.temporal.workflow.start('parentOfSession', {
      workflowId: 'parent-of-child',
      taskQueue: PARENTS,
      args: [{ key: 'child', linkToken, userId: 'person-of-child' }],
    });
    expect(await found(`HostedLinkUser = '${userHash('person-of-child')}'`, 1)).toEqual([
      sessionWorkflowId('child'),
    ]);
    const { id } = parseLinkToken(linkToken)!;
    expect(await found(`HostedLinkPlaidSession = '${plaidSessionHash(id)}'`, 1)).toHaveLength(1);
  });

  it('is found by the user id itself where that is wanted', async () => {
    const { temporal } = harness;
    const client = new HostedLinkClient({ temporal, environment: 'sandbox', userAttribute: 'clear' });
    await client.start({ key: 'in-clear', linkToken: harness.sandbox.issueLinkToken(), userId: 'person 7' });
    expect(await found("HostedLinkUser = 'person 7'", 1)).toEqual([sessionWorkflowId('in-clear')]);
  });

  it(
    'has a summary of each workflow, activity and timer, which only the codec can read',
    async () => {
      const key = 'summaries';
      const linkToken = harness.sandbox.issueLinkToken();
      await harness.client.start({ key, linkToken, userId: 'ada *of* London' });
      harness.sandbox.session(linkToken).open();
      await harness.client.checkNow(key);
      await until('OPENED is known', async () => (await harness.client.status(key)).plaidStatus === 'OPENED');
      harness.sandbox.session(linkToken).complete();
      await harness.client.checkNow(key);
      await harness.client.waitForFinalStatus(key);
      const events = (await Promise.all(both(key).map(eventsOf))).flat();
      const steps = events.filter(isStep);
      expect(steps.length).toBeGreaterThan(8);
      const summaries = await Promise.all(steps.map(summaryOf));
      expect(summaries).not.toContain(undefined);
      expect(summaries).toEqual(
        expect.arrayContaining([
          'Hosted Link for user ada \\*of\\* London via link_delivery',
          'Watch until something changes: CREATED so far',
          'Poll now, after a hint: CREATED so far',
          'Gather hints',
          expect.stringMatching(/^Exchange result [0-9a-f]{8}$/),
          'Record the end: COMPLETED',
        ]),
      );
      for (const { userMetadata } of steps)
        expect(Buffer.from(userMetadata!.summary!.metadata!['encoding']!).toString()).toBe(
          'binary/encrypted',
        );
    },
    MINUTE_MS,
  );

  async function eventsOf(workflowId: string): Promise<HistoryEvent[]> {
    return (await harness.temporal.workflow.getHandle(workflowId).fetchHistory()).events!;
  }

  async function summaryOf({ userMetadata }: HistoryEvent): Promise<string | undefined> {
    const { loadedDataConverter } = harness.temporal.options;
    const text = await decodeOptionalSinglePayload<string>(loadedDataConverter, userMetadata?.summary);
    return text ?? undefined;
  }
});

/** An event that begins something, and so has a summary. A local activity has one event, at its end. */
function isStep(event: HistoryEvent): boolean {
  return [
    event.workflowExecutionStartedEventAttributes,
    event.activityTaskScheduledEventAttributes,
    event.timerStartedEventAttributes,
    event.markerRecordedEventAttributes?.markerName === 'core_local_activity',
  ].some(Boolean);
}
