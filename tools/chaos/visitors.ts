import { HostedLinkError, type StartRequest } from '../../src/client';
import type { Sandbox } from '../../src/sandbox';
import type { DeliveryMethod, PlaidFlow } from '../../src/domain/plaid-flow';
import { isEndState } from '../../src/domain/states';
import type { Dice } from './dice';
import { pause } from './pause';
import type { Topology } from './topology';

const SECOND = 1_000;

/** Longer than any run: what has not ended by then, the end of the run expires. In milliseconds. */
const LONG_LIFETIME_MS = 24 * 3_600 * SECOND;

/** In milliseconds. */
const SHORT_LIFETIME_MS = 15 * SECOND;

/** So few that some link the same accounts twice. */
const PERSONS = 60;

/** A person's pause between two moves, in milliseconds. */
const PAUSE_MS = { least: 300, most: 6 * SECOND };

/** How long an application waits before it repeats a call that failed, in milliseconds. */
const REPEAT_MS = 1 * SECOND;

type Person = ReturnType<Sandbox['session']>;

/** What a person and the application do with one session. */
interface Story {
  name: string;
  plaidFlow: PlaidFlow;
  lifetimeMs?: number;
  delivery?: DeliveryMethod;
  items?: number;
  /** Tokens of the older shape, which have to be exchanged; with link_delivery. */
  publicTokens?: boolean;
  /** The worker makes the link token; with link_delivery, since hosted_link always does. */
  fromRequest?: boolean;
  /** Once an item is stored, its person has to sign in again, and mends it in a session in update mode. */
  mended?: boolean;
  moves: readonly Move[];
}

type Move = 'open' | 'connect' | 'exit' | 'complete' | 'finish' | 'cancel';

const STORIES: readonly (readonly [weight: number, story: Story])[] = [
  ...storiesOf('link_delivery', [
    [10, { name: 'completed', moves: ['open', 'complete'] }],
    [8, { name: 'completed, from a request', fromRequest: true, moves: ['open', 'complete'] }],
    [12, { name: 'completed, public token', publicTokens: true, moves: ['open', 'complete'] }],
    [5, { name: 'two items', items: 2, moves: ['open', 'complete'] }],
    [5, { name: 'two items, public tokens', items: 2, publicTokens: true, moves: ['open', 'complete'] }],
    [5, { name: 'left, then completed', moves: ['open', 'exit', 'open', 'complete'] }],
    [5, { name: 'sent by SMS', delivery: 'SMS', moves: ['open', 'complete'] }],
    [4, { name: 'sent by e-mail', delivery: 'EMAIL', publicTokens: true, moves: ['open', 'complete'] }],
    [4, { name: 'never opened', lifetimeMs: SHORT_LIFETIME_MS, moves: [] }],
    [3, { name: 'left for good', moves: ['open', 'exit'] }],
    [3, { name: 'cancelled', moves: ['open', 'cancel'] }],
    [5, { name: 'cancelled, then completed', moves: ['open', 'cancel', 'complete'] }],
    [4, { name: 'cancelled, then public token', publicTokens: true, moves: ['open', 'cancel', 'complete'] }],
    [4, { name: 'completed while cancelled', moves: ['complete', 'cancel'] }],
    [3, { name: 'completed, then mended', fromRequest: true, mended: true, moves: ['open', 'complete'] }],
  ]),
  ...storiesOf('hosted_link', [
    [22, { name: 'completed', moves: ['open', 'complete'] }],
    [5, { name: 'completed, then mended', mended: true, moves: ['open', 'complete'] }],
    [10, { name: 'two items, one after the other', moves: ['open', 'connect', 'connect', 'finish'] }],
    [6, { name: 'left, then completed', moves: ['open', 'exit', 'open', 'complete'] }],
    [6, { name: 'sent by SMS', delivery: 'SMS', moves: ['open', 'complete'] }],
    [4, { name: 'sent by e-mail', delivery: 'EMAIL', moves: ['open', 'complete'] }],
    [4, { name: 'never opened', lifetimeMs: SHORT_LIFETIME_MS, moves: [] }],
    [3, { name: 'left for good', moves: ['open', 'exit'] }],
    [6, { name: 'cancelled, then completed', moves: ['open', 'cancel', 'complete'] }],
    [5, { name: 'cancelled between two items', moves: ['open', 'connect', 'cancel', 'connect', 'finish'] }],
  ]),
];

function storiesOf(
  plaidFlow: PlaidFlow,
  stories: readonly (readonly [weight: number, story: Omit<Story, 'plaidFlow'>])[],
): (readonly [number, Story])[] {
  return stories.map(([weight, story]) => [
    weight,
    { ...story, plaidFlow, name: `${plaidFlow}: ${story.name}` },
  ]);
}

/** One session of the run. */
export interface Visit {
  key: string;
  story: string;
  request: StartRequest;
  /** Undefined until it is known: the link token's id part. */
  plaidSessionId: string | undefined;
  /** What its start came to: a link, or the code of the error that it ended with. Undefined when no answer came. */
  answer: { refused: string | undefined } | undefined;
}

/**
 * Plays one session to the end of its story, and in some stories a second one that mends its item; gives them. The application
 * repeats what fails, as its users would have it.
 */
export async function visit(
  topology: Topology,
  index: number,
  dice: Dice,
  signal: AbortSignal,
): Promise<Visit[]> {
  const story = dice.pick(STORIES);
  const first = newVisit(`torture-${index}`, story.name, requestOf(story, topology, dice, index));
  await play(topology, first, story.moves, dice, signal);
  const itemId = story.mended ? await storedItem(topology, first, signal) : undefined;
  if (itemId === undefined) return [first];
  topology.sandbox.item(itemId).requireLogin();
  const { plaidFlow, linkTokenRequest } = first.request;
  const { products: _, ...rest } = linkTokenRequest!;
  const second = newVisit(`${first.key}-update`, `${story.plaidFlow}: update mode`, {
    plaidFlow,
    update: { itemId },
    linkTokenRequest: rest,
  });
  await play(topology, second, ['open', 'finish'], dice, signal);
  return [first, second];
}

function newVisit(key: string, story: string, request: Omit<StartRequest, 'key'>): Visit {
  return {
    key,
    story,
    request: { key, ...request },
    plaidSessionId: request.linkToken?.replace(/^link-sandbox-/, ''),
    answer: undefined,
  };
}

async function play(
  topology: Topology,
  its: Visit,
  moves: readonly Move[],
  dice: Dice,
  signal: AbortSignal,
): Promise<void> {
  const { key } = its;
  await start(topology, its, signal);
  for (const move of moves) {
    await pause(dice.between(PAUSE_MS.least, PAUSE_MS.most), signal);
    if (signal.aborted || its.plaidSessionId === undefined) return;
    if (move === 'cancel') await untilAnswered(() => unlessEnded(topology.client.cancel(key)), signal);
    else personMoves(topology.sandbox, its.plaidSessionId, move);
    if (dice.chance(0.3)) await untilAnswered(() => unlessEnded(topology.client.checkNow(key)), signal);
  }
}

/** Starts a session, or asks for the link of one that was started: the same call, as often as an application likes. */
export async function start({ client }: Topology, its: Visit, signal: AbortSignal): Promise<void> {
  try {
    const started = await untilAnswered(() => client.start(its.request), signal);
    if (!started) return;
    its.plaidSessionId ??= started.url?.split('/').at(-1);
    its.answer = { refused: undefined };
  } catch (error) {
    its.answer = { refused: (error as HostedLinkError).code };
  }
}

/** The first item that a session has stored; undefined when the run is over before, or the session has none. */
async function storedItem(
  { client }: Topology,
  { key }: Visit,
  signal: AbortSignal,
): Promise<string | undefined> {
  while (!signal.aborted) {
    const { state, results } = (await client.status(key).catch(() => undefined)) ?? { results: [] };
    const stored = results.find((item) => item.state === 'LINKED')?.itemId;
    const isWaiting =
      state === undefined || !isEndState(state) || results.some((item) => item.state === 'PENDING');
    if (stored !== undefined || !isWaiting) return stored;
    await pause(REPEAT_MS, signal);
  }
  return undefined;
}

function requestOf(
  story: Story,
  { sandbox, webhookUrl }: Topology,
  dice: Dice,
  index: number,
): Omit<StartRequest, 'key'> {
  const { plaidFlow, lifetimeMs = LONG_LIFETIME_MS, items = 1, publicTokens = false } = story;
  const webhook = dice.chance(0.7) ? { webhook: webhookUrl } : {};
  const delivery = story.delivery && { method: story.delivery, address: addressOf(story.delivery, index) };
  if (plaidFlow === 'hosted_link' || story.fromRequest) {
    const linkTokenRequest = {
      client_name: 'Torture',
      language: 'en',
      country_codes: ['US'],
      products: ['auth'],
      user: { client_user_id: `person-${Math.floor(dice.between(0, PERSONS))}` },
      ...(plaidFlow === 'hosted_link' && { hosted_link: { url_lifetime_seconds: lifetimeMs / SECOND } }),
      ...webhook,
    };
    return { plaidFlow, delivery, linkTokenRequest };
  }
  const tokenShape = publicTokens ? 'public_tokens' : 'access_tokens';
  const linkToken = sandbox.issueLinkToken({ lifetimeMs, items, tokenShape, ...webhook });
  return { plaidFlow, linkToken, delivery, expiresAt: new Date(Date.now() + lifetimeMs).toISOString() };
}

/** Nobody else's in this run, so that messages can be told apart by it. */
function addressOf(method: DeliveryMethod, index: number): string {
  return method === 'SMS'
    ? `+1415${String(5_550_000 + index)}`
    : `person-${String(index).padStart(6, '0')}@mail.example.com`;
}

/** A move that the session does not allow (any more) is one that the person cannot make. */
function personMoves(sandbox: Sandbox, plaidSessionId: string, move: Exclude<Move, 'cancel'>): void {
  const person = personOf(sandbox, plaidSessionId);
  try {
    person?.[move]();
  } catch {
    return;
  }
}

/** Undefined when the create never reached Plaid. */
export function personOf(sandbox: Sandbox, plaidSessionId: string): Person | undefined {
  try {
    return sandbox.session(plaidSessionId);
  } catch {
    return undefined;
  }
}

/** Repeats a call until it is answered, or gives undefined when the run is over. Only a definite refusal is an answer too. */
async function untilAnswered<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (error instanceof HostedLinkError && error.code !== 'START_TIMEOUT') throw error;
      if (signal.aborted) return undefined;
    }
    await pause(REPEAT_MS, signal);
  }
}

async function unlessEnded(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof HostedLinkError && error.code === 'SESSION_ENDED')) throw error;
  }
}
