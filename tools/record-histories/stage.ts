import { Client } from '@temporalio/client';
import { createPayloadCodec } from '../../src/codec/payload-codec';
import { generateKeyRingText, parseKeyRing } from '../../src/secrets/key-ring';
import { HostedLinkError, type StartRequest } from '../../src/client';
import type { Fault } from '../../src/sandbox';
import { callbacksWorkflowId, sessionWorkflowId } from '../../src/domain/ids';
import type { CallbackReceiver } from '../../testing/callback-receiver';
import type { Harness } from '../../testing/harness';
import type { parentOfSession } from '../../testing/fixtures/parent-workflows';
import { until } from '../../testing/until';

/** Within a deadline's two minutes and what a busy machine adds, in milliseconds. */
const PATIENCE_MS = 200_000;

/** The worker of {@link Stage.startAsChild}'s parents. */
export const PARENTS = {
  taskQueue: 'parents',
  workflowsPath: require.resolve('../../testing/fixtures/parent-workflows'),
};

/** One session and all that acts on it, for a scenario to play. */
export class Stage {
  /** Set when the session has started. */
  firstRunId = '';
  /** Set when the session has linked an item. */
  itemId = '';
  private issued: string | undefined;

  constructor(
    readonly harness: Harness,
    readonly key: string,
    /** What every session's end is told to. */
    readonly receiver: CallbackReceiver,
  ) {}

  get linkToken(): string {
    return (this.issued ??= this.harness.sandbox.issueLinkToken());
  }

  /** Chooses how the link token is issued. */
  issue(options: Parameters<Harness['sandbox']['issueLinkToken']>[0]): void {
    this.issued = this.harness.sandbox.issueLinkToken(options);
  }

  /** Starts the session, on its link token unless the request has another way. */
  async start(request: Omit<StartRequest, 'key'> = {}): Promise<void> {
    const { key } = this;
    const withLink = request.linkTokenRequest ? request : { linkToken: this.linkToken, ...request };
    const { url } = await this.harness.client.start({ key, ...withLink });
    this.issued ??= url?.split('/').at(-1);
    this.firstRunId = (await this.handle.describe()).runId;
  }

  /** As {@link start}, for a session that never gets a link. */
  async startInVain(request: Omit<StartRequest, 'key'> = {}): Promise<void> {
    try {
      await this.start(request);
    } catch (error) {
      if (error instanceof HostedLinkError) return;
      throw error;
    }
    throw new Error('a link was given, against the scenario');
  }

  /** Starts the session, and has the person link one item. */
  async link(request: Omit<StartRequest, 'key'> = {}): Promise<void> {
    await this.start(request);
    this.person.complete();
    await this.ended();
    const [item] = await this.harness.vault.items.list({ sessionKey: this.key });
    if (!item) throw new Error('no item was linked, against the scenario');
    this.itemId = item.itemId;
  }

  /** Starts the session as the child of a workflow that waits for its end. */
  async startAsChild(request: Omit<StartRequest, 'key'> = {}): Promise<void> {
    const { key } = this;
    await this.harness.temporal.workflow.start<typeof parentOfSession>('parentOfSession', {
      workflowId: `parent-of-${key}`,
      taskQueue: PARENTS.taskQueue,
      args: [{ key, linkToken: this.linkToken, ...request }],
    });
    await this.until(
      'it has started',
      async () => (await this.handle.describe().catch(() => undefined)) !== undefined,
    );
    this.firstRunId = (await this.handle.describe()).runId;
  }

  /** What the person, or time, does. */
  get person(): ReturnType<Harness['sandbox']['session']> {
    return this.harness.sandbox.session(this.linkToken);
  }

  get handle() {
    return this.harness.temporal.workflow.getHandle(sessionWorkflowId(this.key));
  }

  /** The delivery of its callbacks. */
  get delivery() {
    return this.harness.temporal.workflow.getHandle(callbacksWorkflowId(this.key));
  }

  /** Waits until its callbacks have been delivered or given up. */
  async calledBack(): Promise<void> {
    await this.until('its callbacks have ended', async () => {
      const description = await this.delivery.describe().catch(() => undefined);
      return description?.closeTime !== undefined;
    });
  }

  /** Waits until Plaid's status, as the session knows it, is `status`. */
  async knows(status: string): Promise<void> {
    await this.until(`it knows of ${status}`, async () => {
      const { plaidStatus } = await this.harness.client.status(this.key);
      return plaidStatus === status;
    });
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    await until(`${this.key}: ${what}`, condition, PATIENCE_MS);
  }

  /** Plans a fault for this session's calls. */
  fault(endpoint: Parameters<Harness['sandbox']['fault']>[0], fault: Fault): void {
    const sessionId = this.linkToken.replace(/^link-sandbox-/, '');
    const { items, publicTokens } = this.harness.sandbox.ledger().toJSON();
    const ours: unknown[] = [
      this.linkToken,
      sessionId,
      ...items.filter((item) => item.sessionId === sessionId).map(({ accessToken }) => accessToken),
      ...publicTokens.filter((token) => token.sessionId === sessionId).map(({ publicToken }) => publicToken),
    ];
    const fields = ['link_token', 'link_delivery_session_id', 'access_token', 'public_token'];
    this.harness.sandbox.fault(endpoint, fault, {
      matching: (body) => fields.some((field) => body[field] !== undefined && ours.includes(body[field])),
    });
  }

  /** The person finishes, and the exchange of what comes of it meets a fault. */
  finishWithFault(endpoint: '/item/get' | '/item/public_token/exchange', fault: Fault): void {
    this.person.complete();
    this.fault(endpoint, fault);
  }

  /** Somebody signals the session under a key that nobody has. */
  async forgeSignal(): Promise<void> {
    const { connection, options } = this.harness.temporal;
    const ring = parseKeyRing(generateKeyRingText('forged'), 'forged key');
    const dataConverter = { payloadCodecs: [createPayloadCodec(ring)] };
    const forger = new Client({ connection, namespace: options.namespace, dataConverter });
    await forger.workflow.getHandle(sessionWorkflowId(this.key)).signal('checkNow', 'unreadable');
  }

  /** Waits until session and exchange have ended. */
  async ended(): Promise<void> {
    let ended = false;
    const result = this.harness.client.waitForFinalStatus(this.key).finally(() => (ended = true));
    await this.until('it ends', () => ended);
    await result;
  }

  /** Starts a workflow that nobody runs, to be named in `notify`. */
  async target(): Promise<string> {
    const workflowId = `told-of-${this.key}`;
    await this.harness.temporal.workflow.start('somebodysWorkflow', {
      workflowId,
      taskQueue: 'nobody',
      args: [],
    });
    return workflowId;
  }
}
