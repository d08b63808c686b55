import fc from 'fast-check';
import { readWebhook, type WebhookMeaning } from '../../../src/webhook/payload';
import {
  callback,
  deliveryStatus,
  itemWebhook,
  linkWebhook,
  pretty,
  SESSION_ID,
} from '../../../testing/webhook-bench';

const PUBLIC_TOKEN = 'public-sandbox-b0e2c4ee-a763-4df5-bfe9-46a46bce993d';

const meaningOf = (body: string): WebhookMeaning => readWebhook(Buffer.from(body), 'sandbox');

const HINT = { kind: 'hint', plaidSessionId: SESSION_ID };
const NOTHING = { kind: 'nothing' };

/** One event of a link session as Plaid writes it. */
const event = (name: unknown) => ({
  event_id: 'a6c5c9b4-0000-4000-8000-000000000001',
  event_metadata: { request_id: 'ZTYLgjaqGZsPGLn', institution_id: 'ins_109508' },
  event_name: name,
  timestamp: '2030-05-01T12:00:00Z',
});

describe('a hint to its session is', () => {
  test.each([
    ['a person who finished', callback('ON_SUCCESS')],
    ['a person who left', callback('ON_EXIT')],
    [
      'a finished session with its tokens',
      linkWebhook('SESSION_FINISHED', { status: 'SUCCESS', public_tokens: [PUBLIC_TOKEN, PUBLIC_TOKEN] }),
    ],
    [
      'a finished session of the older shape, in lower case',
      linkWebhook('SESSION_FINISHED', { status: 'success', public_token: PUBLIC_TOKEN }),
    ],
    ['a session that the person left', linkWebhook('SESSION_FINISHED', { status: 'EXITED' })],
    [
      'a session that finished in a way that Plaid adds one day',
      linkWebhook('SESSION_FINISHED', { status: 7 }),
    ],
    ['an item', linkWebhook('ITEM_ADD_RESULT', { public_token: PUBLIC_TOKEN })],
    ['events with a success', linkWebhook('EVENTS', { events: [event('OPEN'), event('HANDOFF')] })],
    ['events with an exit, in any order', linkWebhook('EVENTS', { events: [event('EXIT'), event('OPEN')] })],
    ['events beside one that cannot be read', linkWebhook('EVENTS', { events: ['?', {}, event('EXIT')] })],
    ['a webhook without an environment', linkWebhook('SESSION_FINISHED', { environment: undefined })],
  ])('%s', (_name, body) => expect(meaningOf(body)).toEqual(HINT));
});

describe('a failed delivery is', () => {
  test.each([
    ['SMS', 'SMS'],
    ['EMAIL', 'EMAIL'],
    ['PIGEON', 'UNKNOWN'],
    [undefined, 'UNKNOWN'],
  ])('told with how the link was sent: %s as %s', (sent, method) =>
    expect(meaningOf(deliveryStatus('FAILURE', sent))).toEqual({
      kind: 'delivery_failure',
      plaidSessionId: SESSION_ID,
      method,
    }),
  );
});

describe('nothing is to be done about', () => {
  test.each([
    ['each step of the person', callback('ON_EVENT')],
    ['a callback that Plaid adds one day', callback('ON_WHATEVER')],
    ['a message that was sent', deliveryStatus('SUCCESS', 'SMS')],
    [
      'events that end nothing',
      linkWebhook('EVENTS', { events: [event('OPEN'), event('SEARCH_INSTITUTION')] }),
    ],
    [
      'events with names that are none',
      linkWebhook('EVENTS', { events: [event(1), event(null), event(['EXIT'])] }),
    ],
    ['no events', linkWebhook('EVENTS', { events: [] })],
    ['events that are no list', linkWebhook('EVENTS', { events: 'EXIT' })],
    ['a webhook that Plaid adds one day', linkWebhook('SESSION_TICKLED')],
    ['the code of one type under another', linkWebhook('LINK_CALLBACK', { link_delivery_session_id: 'x' })],
    ['one without its fields', pretty({ webhook_type: 'LINK_DELIVERY', webhook_code: 'LINK_CALLBACK' })],
    ['one with a link token that is none', linkWebhook('SESSION_FINISHED', { link_token: SESSION_ID })],
    ['one without a type', pretty({ webhook_code: 'SESSION_FINISHED' })],
    ['JSON that is no object', '[1, 2]'],
    ['no JSON', 'not json'],
    ['nothing', ''],
  ])('%s', (_name, body) => expect(meaningOf(body)).toEqual(NOTHING));
});

test.each([itemWebhook(), pretty({ webhook_type: 'ITEM', webhook_code: 'ERROR' })])(
  'a webhook of another product is the application’s',
  (body) => expect(meaningOf(body)).toEqual({ kind: 'other_product' }),
);

test.each([
  ['says so', linkWebhook('SESSION_FINISHED', { environment: 'production' })],
  ['says so of an item', pretty({ webhook_type: 'ITEM', webhook_code: 'ERROR', environment: 'production' })],
  ['has such a link token', linkWebhook('SESSION_FINISHED', { link_token: `link-production-${SESSION_ID}` })],
])('a webhook is of another environment when it %s', (_name, body) =>
  expect(meaningOf(body)).toEqual({ kind: 'other_environment' }),
);

test('any JSON near to a webhook of Plaid’s is read, or means nothing, and is never trusted with more than an id', () => {
  const any = fc.jsonValue({ maxDepth: 2 });
  const near = (good: unknown) => fc.oneof({ weight: 3, arbitrary: fc.constant(good) }, any);
  const body = fc.record(
    {
      webhook_type: fc.oneof(fc.constantFrom('LINK', 'LINK_DELIVERY', 'ITEM'), any),
      webhook_code: fc.oneof(
        fc.constantFrom('LINK_CALLBACK', 'DELIVERY_STATUS', 'SESSION_FINISHED', 'ITEM_ADD_RESULT', 'EVENTS'),
        any,
      ),
      environment: near('sandbox'),
      link_delivery_session_id: near(SESSION_ID),
      link_callback_metadata: near({ callback_type: 'ON_EXIT' }),
      link_delivery_metadata: near({ delivery_status: 'FAILURE' }),
      link_token: near(`link-sandbox-${SESSION_ID}`),
      public_token: near(PUBLIC_TOKEN),
      public_tokens: near([PUBLIC_TOKEN]),
      events: fc.oneof(fc.array(fc.oneof(fc.constant(event('EXIT')), any)), any),
    },
    { requiredKeys: [] },
  );
  const kinds = new Set<string>();
  fc.assert(
    fc.property(body, (json) => {
      const meaning = meaningOf(JSON.stringify(json));
      kinds.add(meaning.kind);
      expect(JSON.stringify(meaning)).not.toContain(PUBLIC_TOKEN);
    }),
    { numRuns: 2_000 },
  );
  expect([...kinds].sort()).toEqual([
    'delivery_failure',
    'hint',
    'nothing',
    'other_environment',
    'other_product',
  ]);
});
