import { inspect } from 'node:util';
import fc from 'fast-check';
import { InputError } from '../../../src/domain/input-error';
import { SESSION_KEY_PATTERN } from '../../../src/domain/ids';
import { sessionInput, type StartRequest } from '../../../src/requests/start-request';
import { isSessionInput } from '../../../src/workflows/messages';
import { LINK_TOKEN_REQUEST } from '../../../testing/plaid-calls';

/** In every generated text: no message may repeat a value. */
const MARK = 'v@lue';

const anything = fc.oneof(
  fc.string().map((text) => MARK + text),
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    null,
    undefined,
    NaN,
    Infinity,
    10n,
    [],
    {},
    () => 1,
    Symbol.iterator,
    new Date(NaN),
  ),
);
const field = (good: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 4, arbitrary: good }, { weight: 1, arbitrary: anything }, fc.constant(undefined));

const linkTokenRequest = fc.oneof(
  fc.constant(LINK_TOKEN_REQUEST),
  fc
    .tuple(
      fc.constantFrom(
        ...[
          ...Object.keys(LINK_TOKEN_REQUEST),
          'hosted_link',
          'webhook',
          'user_id',
          'access_token',
          'update',
        ],
        ...['__proto__', 'constructor', 'toJSON'],
      ),
      anything,
    )
    .map(([name, value]) => ({ ...LINK_TOKEN_REQUEST, [name]: value })),
  fc.dictionary(fc.string(), anything, { maxKeys: 4 }),
);

const LINK_TOKEN = 'link-sandbox-99ace160-3cf7-4e51-a083-403633425815';
const SMS = { method: 'SMS', address: '+14155550123' };

/** Requests that are accepted. */
const sound = fc.constantFrom<object>(
  { linkToken: LINK_TOKEN },
  { key: 'k', linkToken: LINK_TOKEN, delivery: SMS, notify: ['onboarding/1'] },
  { key: 'k', linkTokenRequest: LINK_TOKEN_REQUEST },
  { key: 'k', plaidFlow: 'hosted_link', linkTokenRequest: LINK_TOKEN_REQUEST, delivery: SMS },
  { key: 'k', linkTokenRequest: LINK_TOKEN_REQUEST, update: { itemId: 'item-1' } },
);

/** What may be asked for, good or bad. */
const change = fc.record(
  {
    key: field(fc.constantFrom('k', 'a'.repeat(128), '.:_-')),
    plaidFlow: field(fc.constantFrom('link_delivery', 'hosted_link')),
    linkToken: field(fc.constantFrom(LINK_TOKEN, LINK_TOKEN.replace('sandbox', 'production'))),
    linkTokenRequest: field(linkTokenRequest),
    delivery: field(
      fc.record({
        method: field(fc.constantFrom('SMS', 'EMAIL')),
        address: field(fc.constantFrom('+14155550123', 'a@b.example')),
      }),
    ),
    update: field(fc.record({ itemId: field(fc.constant('item-1')) })),
    userId: field(fc.constant('person-1')),
    allowDuplicates: field(fc.boolean()),
    expiresAt: field(fc.constantFrom('2099-01-01T00:00:00Z', '2020-01-01T00:00:00Z')),
    notify: field(fc.array(fc.constantFrom('onboarding/1', 'hosted-link/x'))),
    fairnessKey: field(fc.constant('tenant-1')),
  },
  { requiredKeys: [] },
);

const request = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(sound, change).map(([good, changed]) => ({ ...good, ...changed })) },
  {
    weight: 4,
    arbitrary: fc.tuple(sound, change, fc.nat()).map(([good, changed, index]) => ({
      ...good,
      ...Object.fromEntries(Object.entries(changed).slice(index % 11, (index % 11) + 1)),
    })),
  },
  anything,
);

test('any request is accepted or refused by the name of a field, and no message repeats a value', () => {
  const outcomes = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(request, (given) => {
      try {
        const input = sessionInput(given as StartRequest, {
          environment: 'sandbox',
          notifyPrefixes: ['onboarding/'],
        });
        outcomes.accepted += 1;
        expect(input.key).toMatch(SESSION_KEY_PATTERN);
        // What the client lets through, the session takes.
        expect(isSessionInput(JSON.parse(JSON.stringify(input)))).toBe(true);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        outcomes.refused += 1;
        expect(error.message).toMatch(/^.+: .+; ./s);
        expect(inspect(error)).not.toContain(MARK);
      }
    }),
    { numRuns: 3_000 },
  );
  expect(outcomes.accepted).toBeGreaterThan(50);
  expect(outcomes.refused).toBeGreaterThan(500);
});
