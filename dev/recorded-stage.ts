import { HostedLinkError, type StartRequest } from '../src/client';
import type { Fault } from '../src/sandbox';
import { sessionWorkflowId } from '../src/session';
import type { Harness } from '../test/support/harness';
import { until } from '../test/support/until';

/** Within a deadline's two minutes and what a busy machine adds, in milliseconds. */
const PATIENCE_MS = 200_000;

/** One session and all that acts on it, for a scenario to play. */
export class Stage {
  /** Set when the session has started. */
  firstRunId = '';
  private issued: string | undefined;

  constructor(
    readonly harness: Harness,
    readonly key: string,
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

  /** What the person, or time, does. */
  get person(): ReturnType<Harness['sandbox']['session']> {
    return this.harness.sandbox.session(this.linkToken);
  }

  get handle() {
    return this.harness.temporal.workflow.getHandle(sessionWorkflowId(this.key));
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
    this.harness.sandbox.fault(endpoint, fault, {
      matching: (body) =>
        body['link_token'] === this.linkToken || body['link_delivery_session_id'] === sessionId,
    });
  }

  /** The person finishes, and the exchange of what comes of it meets a fault. */
  finishWithFault(endpoint: '/item/get' | '/item/public_token/exchange', fault: Fault): void {
    this.person.complete();
    const sessionId = this.linkToken.replace(/^link-sandbox-/, '');
    const { items, publicTokens } = this.harness.sandbox.ledger().toJSON();
    const tokens = [
      ...items.filter((item) => item.sessionId === sessionId).map(({ accessToken }) => accessToken),
      ...publicTokens.filter((token) => token.sessionId === sessionId).map(({ publicToken }) => publicToken),
    ];
    this.harness.sandbox.fault(endpoint, fault, {
      matching: (body) => tokens.includes(String(body['access_token'] ?? body['public_token'])),
    });
  }

  /** Waits until session and exchange have ended. */
  async ended(): Promise<void> {
    let ended = false;
    const result = this.harness.client.result(this.key).finally(() => (ended = true));
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
