import type { ServerResponse } from 'node:http';
import type { SandboxOptions, SessionHandle } from '../src/sandbox';
import { httpServer, type SeenRequest } from './loopback';
import { until } from './until';
import { type Bench, LINK_TOKEN_REQUEST, startBench } from './plaid-calls';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test looks at whatever came
type Body = any;

/** A sandbox with a clock that stands still, and an application that receives its webhooks. */
export interface WebhookBench extends Bench {
  /** Where the application receives. */
  url: string;
  /** What came, in order. */
  requests: SeenRequest[];
  bodies(): Body[];
  codes(): string[];
  /** How the application answers from now on; at first with 200. */
  answer(answer: (response: ServerResponse) => void): void;
  /** Makes a session by `/link/token/create` with `hosted_link` whose webhooks go to the application. */
  hosted(more?: object): Promise<{ linkToken: string; person: SessionHandle }>;
  /** Waits until so many webhooks have been taken. */
  taken(count: number): Promise<void>;
}

export async function startWebhookBench(options: Partial<SandboxOptions> = {}): Promise<WebhookBench> {
  let answer: (response: ServerResponse) => void = (response) => response.end();
  const application = await httpServer((response) => answer(response));
  const start = Date.parse('2030-05-01T12:00:00Z');
  const bench = await startBench({ now: () => start, ...options });
  const webhook = `${application.url}/hook`;
  const linkToken = async (more: object): Promise<string> => {
    const { json } = await bench.post('/link/token/create', { ...LINK_TOKEN_REQUEST, webhook, ...more });
    return json.link_token;
  };
  const bodies = (): Body[] => application.requests.map(({ body }) => JSON.parse(body));
  return {
    ...bench,
    url: webhook,
    requests: application.requests,
    bodies,
    codes: () => bodies().map((body) => body.webhook_code as string),
    answer: (next) => (answer = next),
    deliver: async (given) => bench.deliver(given ?? (await linkToken({}))),
    hosted: async (more = {}) => {
      const made = await linkToken({ hosted_link: {}, ...more });
      return { linkToken: made, person: bench.sandbox.session(made) };
    },
    taken: (count) =>
      until(`${count} webhooks were taken`, () => {
        const outcomes = bench.sandbox.webhooks.deliveries().map(({ outcome }) => outcome);
        return outcomes.filter((outcome) => outcome === 'DELIVERED').length === count;
      }),
    close: async () => {
      await bench.close();
      await application.close();
    },
  };
}
