import { randomUUID } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import { createLogger, type Logger } from '../../../src/telemetry/logger';
import type { LogLevel } from '../../../src/telemetry/log-levels';
import { Secret } from '../../../src/secrets/secret';

const ACCESS_TOKEN = `access-sandbox-${randomUUID()}`;
const PUBLIC_TOKEN = `public-production-${randomUUID()}`;
const LINK_TOKEN = `link-development-${randomUUID()}`;
const SESSION_ID = randomUUID();
const PASSWORD = 'correct horse battery staple';
const EMAIL = 'jo.doe+plaid@mail.example.com';
const PHONE = '+15555550123';

/** All of them, and what they look like in base64 and hex. */
const PLANTED = [ACCESS_TOKEN, PUBLIC_TOKEN, LINK_TOKEN, SESSION_ID, PASSWORD, EMAIL, PHONE].flatMap(
  (text) => [
    text,
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
    Buffer.from(text).toString('hex'),
    [...Buffer.from(text)].join(','),
  ],
);

let written: string[];

beforeEach(() => {
  written = [];
});

function newLogger(level: LogLevel = 'trace'): Logger {
  return createLogger({ level, destination: { write: (line) => void written.push(line) } });
}

/** The one line that `log` wrote, after a look for every planted secret. */
function lineOf(log: (logger: Logger) => void): Record<string, unknown> {
  log(newLogger());
  expect(written).toHaveLength(1);
  for (const secret of PLANTED) expect(written[0]).not.toContain(secret);
  return JSON.parse(written[0]!) as Record<string, unknown>;
}

describe('logger', () => {
  test('writes one JSON object a line, with level, time and message', () => {
    const line = lineOf((logger) =>
      logger.info({ key: 'order-1', attempt: 3, done: false }, 'session %s ended', 'x'),
    );
    expect(line).toMatchObject({
      level: 'info',
      key: 'order-1',
      attempt: 3,
      done: false,
      msg: 'session x ended',
    });
    expect(new Date(line['time'] as string).toISOString()).toBe(line['time']);
    expect(written[0]).toMatch(/^\{.*\}\n$/);
  });

  test('logs nothing below its level, and nothing at all when silent', () => {
    newLogger('warn').info('not this');
    newLogger('silent').fatal('nor this');
    newLogger('warn').warn('but this');
    expect(written.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['but this']);
  });

  describe('a planted secret does not come through', () => {
    test.each([
      'token',
      'linkToken',
      'access_tokens',
      'PLAID-SECRET',
      'client_secret',
      'authorization',
      'Cookie',
    ])('as the field %s, at any depth', (name) => {
      const line = lineOf((logger) =>
        logger.warn({
          [name]: PASSWORD,
          request: { headers: [{ [name]: [PASSWORD, { inner: PASSWORD }] }] },
        }),
      );
      expect(line).toMatchObject({
        [name]: '[secret]',
        request: { headers: [{ [name]: '[secret]' }] },
      });
    });

    test.each([
      'databasePassword',
      'phone_number',
      'emailAddress',
      'hosted_link_url',
      'apiKey',
      'vaultKeys',
      'uri',
    ])('as the field %s', (name) => {
      expect(lineOf((logger) => logger.info({ [name]: PASSWORD }))[name]).toBe('[secret]');
    });

    test.each([
      ['sessionId', SESSION_ID],
      ['link_delivery_session_id', SESSION_ID],
      ['phone', 15_555_550_123],
    ])('as the field %s, text or number', (name, value) => {
      expect(lineOf((logger) => logger.info({ [name]: value }))[name]).toBe('[secret]');
    });

    test("in the message, in the message's arguments, and in objects among them", () => {
      const line = lineOf((logger) =>
        logger.error('%s %s %j %o', ACCESS_TOKEN, `x${LINK_TOKEN}`, { password: PASSWORD }, [PUBLIC_TOKEN]),
      );
      expect(line['msg']).toBe(`[secret] x[secret] {"password":"[secret]"} ["[secret]"]`);
    });

    test('as a Secret, wherever it stands', () => {
      const secret = new Secret(PASSWORD);
      const line = lineOf((logger) =>
        logger.info({ value: secret, list: [secret] }, 'value %s, %j', secret, secret),
      );
      expect(line).toMatchObject({
        value: '[secret]',
        list: ['[secret]'],
        msg: `value [secret], '[secret]'`,
      });
    });

    test('in a Buffer, as text, base64 or numbers', () => {
      const body = Buffer.from(ACCESS_TOKEN);
      const line = lineOf((logger) =>
        logger.info({ body, view: new Uint8Array(body), raw: new Uint8Array(body).buffer }, 'got %j', body),
      );
      const size = `[${body.length} bytes]`;
      expect(line).toMatchObject({ body: size, view: size, raw: size, msg: `got '${size}'` });
    });

    test('in an error, its stack, its own fields, its causes and its parts', () => {
      const root = Object.assign(new TypeError(`no ${PUBLIC_TOKEN}`), { code: 'ERR_ROOT', body: PASSWORD });
      const middle = new AggregateError([root, new Error(EMAIL)], `tried ${PHONE}`, { cause: root });
      const error = Object.assign(new Error(`bad ${ACCESS_TOKEN}`, { cause: middle }), {
        code: 'BAD',
        config: { headers: { 'PLAID-SECRET': PASSWORD }, data: PASSWORD },
      });
      const { err, msg } = lineOf((logger) => logger.error(error)) as {
        err: Record<string, unknown>;
        msg: string;
      };
      expect(msg).toBe('bad [secret]');
      expect(Object.keys(err)).toEqual(['name', 'code', 'message', 'stack', 'cause']);
      expect(err).toMatchObject({
        name: 'Error',
        code: 'BAD',
        message: 'bad [secret]',
        stack: expect.stringMatching(/^Error: bad \[secret\]\n {4}at .*logger\.test\.ts/),
        cause: {
          name: 'AggregateError',
          message: 'tried [secret]',
          cause: { name: 'TypeError', code: 'ERR_ROOT', message: 'no [secret]' },
          errors: [{ name: 'TypeError' }, { message: '[secret]' }],
        },
      });
    });

    test('in an error under any name, beside a message, or of another realm', () => {
      const foreign = runInNewContext('Object.assign(new Error(text), { text })', {
        text: LINK_TOKEN,
      }) as Error;
      const line = lineOf((logger) =>
        logger.error({ err: foreign, reason: [foreign], data: PHONE }, 'failed'),
      );
      const shown = { name: 'Error', message: '[secret]' };
      expect(line).toMatchObject({ err: shown, reason: [shown], data: '[secret]', msg: 'failed' });
      expect(line['err']).not.toHaveProperty('text');
    });

    test("in a child logger's bindings, its grandchild's, and bindings set later", () => {
      const line = lineOf((logger) => {
        const child = logger.child({ token: PASSWORD, job: { note: ACCESS_TOKEN } });
        child.setBindings({ email: EMAIL });
        child.child({ nested: { secret: PASSWORD } }, {}).info('bound');
      });
      expect(line).toMatchObject({
        token: '[secret]',
        job: { note: '[secret]' },
        email: '[secret]',
        nested: { secret: '[secret]' },
      });
    });

    test('by a serializer that puts it back', () => {
      const line = lineOf((logger) => {
        const serializers = { job: () => ({ note: `\n${LINK_TOKEN}` }) };
        logger.child({}, { serializers }).info({ job: {} }, 'serialized');
      });
      expect(line['job']).toEqual({ note: '\n[secret]' });
    });

    test('as the name of a field, or in a Map or a Set', () => {
      const line = lineOf((logger) =>
        logger.info({
          [ACCESS_TOKEN]: 'name',
          map: new Map([['token', PASSWORD]]),
          set: new Set([LINK_TOKEN]),
        }),
      );
      expect(line).toMatchObject({ '[secret]': 'name', map: { token: '[secret]' }, set: ['[secret]'] });
    });

    test.each([
      [`mailto ${EMAIL}, call ${PHONE}!`, 'mailto [secret], call [secret]!'],
      [`postgresql://app:p%20w@db.example:5432/x`, 'postgresql://[secret]@db.example:5432/x'],
      [
        `open https://secure.plaid.com/hl/${SESSION_ID}?a=1 now`,
        'open https://secure.plaid.com/[secret] now',
      ],
      [`open http://127.0.0.1:8790/hl/${SESSION_ID}`, 'open http://127.0.0.1:8790/[secret]'],
    ])('in text: %s', (text, shown) => {
      expect(lineOf((logger) => logger.info({ text: [text] }, text))).toMatchObject({
        text: [shown],
        msg: shown,
      });
    });

    test('in an object of a class that nobody told the logger of', () => {
      class Response {
        readonly body = PASSWORD;
        toJSON(): object {
          return { body: this.body };
        }
      }
      const line = lineOf((logger) => logger.info({ response: new Response() }, 'got %j', new Response()));
      expect(line).toMatchObject({ response: '[Response]', msg: `got '[Response]'` });
    });
  });

  test('what only looks like a secret stays readable', () => {
    const shown = {
      key: 'customer:42',
      itemId: randomUUID(),
      runId: randomUUID(),
      identity: '4711@worker-1.internal.example',
      requestId: 'a1B2c3',
      tokenStored: true,
      endpoint: 'http://127.0.0.1:7233',
      path: 'node_modules/@temporalio/worker/lib/worker.js:1:2',
      missing: null,
      at: new Date(0),
      state: 'link-sandbox-',
    };
    expect(lineOf((logger) => logger.info(shown))).toMatchObject({
      ...shown,
      at: '1970-01-01T00:00:00.000Z',
    });
  });

  test('what is logged acts on no terminal, and is the same text for a program', () => {
    const name = 'Bank\u001b[2J\u009b1m\u202eknaB\u2028\r\nmsg';
    const line = lineOf((logger) => logger.info({ name, [name]: 1, err: new Error(name) }, name));
    expect(line).toMatchObject({ name, [name]: 1, msg: name, err: { message: name } });
    expect(written[0]).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+\n$/u);
  });

  test('values that cannot be printed do not stop a log line', () => {
    const circular: Record<string, unknown> = { when: new Date(NaN), big: 10n, call: () => 1 };
    circular['self'] = circular;
    const trap = {
      get key(): string {
        throw new Error(PASSWORD);
      },
    };
    const deep = { a: { a: { a: { a: { a: { a: { a: { a: { a: PASSWORD } } } } } } } } };
    const line = lineOf((logger) =>
      logger.info({ circular, trap, deep, many: Array.from({ length: 205 }, () => 0) }),
    );
    expect(line).toMatchObject({
      circular: { self: '[circular]', when: null, big: '10', call: '[function]' },
      trap: '[unreadable]',
      deep: { a: { a: { a: { a: { a: { a: { a: '[too deep]' } } } } } } },
    });
    expect((line['many'] as unknown[]).slice(199)).toEqual([0, '[5 more]']);
  });
});
