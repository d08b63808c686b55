import type { StartRequest } from '../../src/client';
import { exchangeWorkflowId } from '../../src/domain/ids';
import { type PlaidFlow } from '../../src/domain/plaid-flow';
import { linkTokenRequest, type ExpectedEnd } from '../demo/scenarios';
import { until, within } from '../demo/until';
import type { Part, Topology } from './topology';

/** A step of a session may take so long, in milliseconds: a worker's death holds its sessions up for some seconds. */
const STEP_TIMEOUT_MS = 30_000;

/** A session and its exchange must have ended so long after its person, in milliseconds: longer than a dead worker's lease. */
const END_TIMEOUT_MS = 90_000;

/** Longer than the worker waits for Plaid's answer: the exchange is still under way when the worker dies. */
const HOLD_MS = 60_000;

/** One session of the run. */
interface Story {
  name: string;
  plaidFlow: PlaidFlow;
  /** Where the session stands when a worker is killed. */
  atKill: 'ENDED' | 'WAITING' | 'EXCHANGING';
}

const STORIES: readonly Story[] = [
  { name: 'before-link-delivery', plaidFlow: 'link_delivery', atKill: 'ENDED' },
  { name: 'before-hosted-link', plaidFlow: 'hosted_link', atKill: 'ENDED' },
  { name: 'across-link-delivery', plaidFlow: 'link_delivery', atKill: 'WAITING' },
  { name: 'across-hosted-link', plaidFlow: 'hosted_link', atKill: 'WAITING' },
  { name: 'held-hosted-link', plaidFlow: 'hosted_link', atKill: 'EXCHANGING' },
];

/** How each of them should end. */
export const EXPECTED_END: ExpectedEnd = {
  state: 'COMPLETED',
  statuses: ['CREATED', 'OPENED', 'COMPLETED'],
  results: ['LINKED'],
};

/** A session that was played to its end. */
export interface PlayedSession extends Story {
  key: string;
  plaidSessionId: string;
  /** When its person finished, and when it was seen to have ended with its exchange. In milliseconds since 1970. */
  finishedAt: number;
  endedAt: number;
}

/** What was played. */
export interface Play {
  sessions: readonly PlayedSession[];
  /** The worker that was killed, when, and the one that was left. */
  killed: Part;
  killedAt: number;
  left: Part;
}

/**
 * Plays all sessions: the application starts them and waits for their ends, and never hints. The worker that exchanges a token is
 * killed with SIGKILL while the others wait.
 * @throws Error when a step does not come in time
 */
export async function play(
  topology: Topology,
  signal: AbortSignal,
  log: (line: string) => void,
): Promise<Play> {
  const { sandbox, workers } = topology;
  const sessions = await Promise.all(STORIES.map((story) => begin(topology, story, signal)));
  log(`${sessions.length} sessions were started, and their links opened`);
  const at = (stage: Story['atKill']) => sessions.filter(({ atKill }) => atKill === stage);
  const ended = at('ENDED').map((session) => finish(topology, session, signal));
  const early = await Promise.all(ended);
  log('two have ended');

  let holds = false;
  const letGo = sandbox.fault(
    '/item/public_token/exchange',
    { kind: 'delay_before_work', holdMs: HOLD_MS },
    { matching: () => (holds = true) },
  );
  const late: Promise<PlayedSession>[] = at('EXCHANGING').map((session) => finish(topology, session, signal));
  let killed: Part;
  try {
    await until('the exchange of a public token', () => holds, { timeoutMs: STEP_TIMEOUT_MS, signal });
    killed = await holderOf(topology, at('EXCHANGING')[0]!.key);
    await killed.kill();
  } finally {
    letGo();
  }
  const killedAt = Date.now();
  log(`${killed.name} was killed in the middle of an exchange, while two sessions wait`);
  late.push(...at('WAITING').map((session) => finish(topology, session, signal)));
  const all = [...early, ...(await Promise.all(late))];
  log('the other three have ended');
  const order = STORIES.map(({ name }) => all.find((session) => session.name === name)!);
  return { sessions: order, killed, killedAt, left: workers.find((worker) => worker !== killed)! };
}

type Begun = Story & Pick<PlayedSession, 'key' | 'plaidSessionId'>;

async function begin(topology: Topology, story: Story, signal: AbortSignal): Promise<Begun> {
  const { client, sandbox } = topology;
  const key = `topology-${story.name}`;
  const bounds = { timeoutMs: STEP_TIMEOUT_MS, signal };
  const started = client.start({ key, ...requestOf(topology, story) });
  const { url } = await within(`the start of ${key}`, started, bounds);
  const plaidSessionId = new URL(url!).pathname.split('/').at(-1)!;
  sandbox.session(plaidSessionId).open();
  return { ...story, key, plaidSessionId };
}

function requestOf(
  { sandbox, webhookUrl: webhook }: Topology,
  { name, plaidFlow }: Story,
): Omit<StartRequest, 'key'> {
  const request = { plaidFlow, fairnessKey: `customer-${plaidFlow}` };
  return plaidFlow === 'hosted_link'
    ? { ...request, linkTokenRequest: { ...linkTokenRequest(personOf(name)), webhook, hosted_link: {} } }
    : { ...request, linkToken: sandbox.issueLinkToken({ webhook }) };
}

/** The user id of a session's person. Each has one of their own, since all of them link the same account. */
export function personOf(name: string): string {
  return `person-${name}`;
}

/** The person finishes, and the session ends by what Plaid's webhook brings about. */
async function finish(topology: Topology, session: Begun, signal: AbortSignal): Promise<PlayedSession> {
  topology.sandbox.session(session.plaidSessionId).complete();
  const finishedAt = Date.now();
  const ended = topology.client.waitForEnd(session.key);
  await within(`the end of ${session.key}`, ended, { timeoutMs: END_TIMEOUT_MS, signal });
  return { ...session, finishedAt, endedAt: Date.now() };
}

/** The worker that runs the exchange of a session: an identity begins with the process id. */
async function holderOf({ temporal, workers }: Topology, key: string): Promise<Part> {
  const { raw } = await temporal.workflow.getHandle(exchangeWorkflowId(key)).describe();
  const identities = (raw.pendingActivities ?? []).map(({ lastWorkerIdentity }) => lastWorkerIdentity);
  const holder = workers.find(({ pid }) => identities.some((identity) => identity?.startsWith(`${pid}@`)));
  if (!holder) throw new Error(`no worker holds the exchange of ${key}`);
  return holder;
}
