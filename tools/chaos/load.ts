import { HostedLinkError, type StartRequest } from '../../src/client';
import type { Sandbox } from '../../src/sandbox';
import type { DeliveryMethod, PlaidFlow } from '../../src/domain/plaid-flow';
import { isEndState } from '../../src/domain/states';
import type { Random } from './random';
import { pause } from './pause';
import type { ChaosDeployment } from './deployment';

const SECOND = 1_000;

/** Longer than any run: the end of the run expires what is still open. In milliseconds. */
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
interface Script {
  name: string;
  plaidFlow: PlaidFlow;
  lifetimeMs?: number;
  delivery?: DeliveryMethod;
  items?: number;
  /** Tokens of the older shape, which have to be exchanged; with link_delivery. */
  publicTokens?: boolean;
  /** The worker makes the link token; with link_delivery, since hosted_link always does. */
  fromRequest?: boolean;
  /** Once an item is stored, its person has to sign in again, in a session in update mode. */
  updateMode?: boolean;
  moves: readonly Move[];
}

type Move = 'open' | 'connect' | 'exit' | 'complete' | 'finish' | 'cancel';

const SCRIPTS: readonly (readonly [weight: number, script: Script])[] = [
  ...scriptsOf('link_delivery', [
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
    [
      3,
      {
        name: 'completed, then update mode',
        fromRequest: true,
        updateMode: true,
        moves: ['open', 'complete'],
      },
    ],
  ]),
  ...scriptsOf('hosted_link', [
    [22, { name: 'completed', moves: ['open', 'complete'] }],
    [5, { name: 'completed, then update mode', updateMode: true, moves: ['open', 'complete'] }],
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

function scriptsOf(
  plaidFlow: PlaidFlow,
  scripts: readonly (readonly [weight: number, script: Omit<Script, 'plaidFlow'>])[],
): (readonly [number, Script])[] {
  return scripts.map(([weight, script]) => [
    weight,
    { ...script, plaidFlow, name: `${plaidFlow}: ${script.name}` },
  ]);
}

/** One session of the run. */
export interface LoadSession {
  key: string;
  script: string;
  request: StartRequest;
  /** Undefined until it is known: the link token's id part. */
  plaidSessionId: string | undefined;
  /** The answer to its start: a link, or the code of an error. Undefined when no answer came. */
  answer: { refused: string | undefined } | undefined;
}

/**
 * Runs one session to the end of its script and, in some scripts, a second one in update mode for its item. The application repeats
 * calls that fail.
 */
export async function runSession(
  deployment: ChaosDeployment,
  index: number,
  random: Random,
  signal: AbortSignal,
): Promise<LoadSession[]> {
  const script = random.pick(SCRIPTS);
  const first = newSession(
    `chaos-session-${index}`,
    script.name,
    requestOf(script, deployment, random, index),
  );
  await runMoves(deployment, first, script.moves, random, signal);
  const itemId = script.updateMode ? await storedItem(deployment, first, signal) : undefined;
  if (itemId === undefined) return [first];
  deployment.sandbox.item(itemId).requireLogin();
  const { plaidFlow, linkTokenRequest } = first.request;
  const { products: _, ...rest } = linkTokenRequest!;
  const second = newSession(`${first.key}-update`, `${script.plaidFlow}: update mode`, {
    plaidFlow,
    update: { itemId },
    linkTokenRequest: rest,
  });
  await runMoves(deployment, second, ['open', 'finish'], random, signal);
  return [first, second];
}

function newSession(key: string, script: string, request: Omit<StartRequest, 'key'>): LoadSession {
  return {
    key,
    script,
    request: { key, ...request },
    plaidSessionId: request.linkToken?.replace(/^link-sandbox-/, ''),
    answer: undefined,
  };
}

async function runMoves(
  deployment: ChaosDeployment,
  its: LoadSession,
  moves: readonly Move[],
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  const { key } = its;
  await start(deployment, its, signal);
  for (const move of moves) {
    await pause(random.between(PAUSE_MS.least, PAUSE_MS.most), signal);
    if (signal.aborted || its.plaidSessionId === undefined) return;
    if (move === 'cancel') await untilAnswered(() => unlessEnded(deployment.client.cancel(key)), signal);
    else personMoves(deployment.sandbox, its.plaidSessionId, move);
    if (random.chance(0.3)) await untilAnswered(() => unlessEnded(deployment.client.checkNow(key)), signal);
  }
}

/** Starts a session, or requests the link of one that was started; an application may repeat the call. */
export async function start(
  { client }: ChaosDeployment,
  its: LoadSession,
  signal: AbortSignal,
): Promise<void> {
  try {
    const started = await untilAnswered(() => client.start(its.request), signal);
    if (!started) return;
    its.plaidSessionId ??= started.url?.split('/').at(-1);
    its.answer = { refused: undefined };
  } catch (error) {
    its.answer = { refused: (error as HostedLinkError).code };
  }
}

/** Waits for the first item that a session stores; undefined when the run ends before, or the session stores none. */
async function storedItem(
  { client }: ChaosDeployment,
  { key }: LoadSession,
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
  script: Script,
  { sandbox, webhookUrl }: ChaosDeployment,
  random: Random,
  index: number,
): Omit<StartRequest, 'key'> {
  const { plaidFlow, lifetimeMs = LONG_LIFETIME_MS, items = 1, publicTokens = false } = script;
  const webhook = random.chance(0.7) ? { webhook: webhookUrl } : {};
  const delivery = script.delivery && { method: script.delivery, address: addressOf(script.delivery, index) };
  if (plaidFlow === 'hosted_link' || script.fromRequest) {
    const linkTokenRequest = {
      client_name: 'Chaos',
      language: 'en',
      country_codes: ['US'],
      products: ['auth'],
      user: { client_user_id: `person-${Math.floor(random.between(0, PERSONS))}` },
      ...(plaidFlow === 'hosted_link' && { hosted_link: { url_lifetime_seconds: lifetimeMs / SECOND } }),
      ...webhook,
    };
    return { plaidFlow, delivery, linkTokenRequest };
  }
  const tokenShape = publicTokens ? 'public_tokens' : 'access_tokens';
  const linkToken = sandbox.issueLinkToken({ lifetimeMs, items, tokenShape, ...webhook });
  return { plaidFlow, linkToken, delivery, expiresAt: new Date(Date.now() + lifetimeMs).toISOString() };
}

/** Gives an address that no other session of the run has, so that messages can be counted by it. */
function addressOf(method: DeliveryMethod, index: number): string {
  return method === 'SMS'
    ? `+1415${String(5_550_000 + index)}`
    : `person-${String(index).padStart(6, '0')}@mail.example.com`;
}

/** Makes a move of the person; ignores moves that the session does not allow. */
function personMoves(sandbox: Sandbox, plaidSessionId: string, move: Exclude<Move, 'cancel'>): void {
  const person = personOf(sandbox, plaidSessionId);
  try {
    person?.[move]();
  } catch {
    return;
  }
}

/** Gives the person of a session; undefined when the create never reached Plaid. */
export function personOf(sandbox: Sandbox, plaidSessionId: string): Person | undefined {
  try {
    return sandbox.session(plaidSessionId);
  } catch {
    return undefined;
  }
}

/** Repeats a call until it is answered or refused for good; undefined when the run ends before. */
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
