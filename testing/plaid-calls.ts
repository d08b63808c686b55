import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'undici';
import type { Sandbox, SandboxOptions } from '../src/sandbox';
import { startSandbox } from '../src/sandbox';

export const CLIENT_ID = 'test_client_id';
export const SECRET = 'test_plaid_secret';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The parsed body; undefined when it is no JSON. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test looks at whatever came
  json: any;
}

/** A sandbox and plain HTTP calls to it, with the right credentials in headers. */
export interface Bench {
  sandbox: Sandbox;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  send(
    method: 'GET' | 'POST' | 'HEAD' | 'DELETE' | 'OPTIONS',
    path: string,
    headers?: Record<string, string>,
    body?: string,
  ): Promise<Answer>;
  /** Makes a session by `/link_delivery/create`, and gives its id. */
  deliver(linkToken?: string): Promise<string>;
  close(): Promise<void>;
}

export async function startBench(options: Partial<SandboxOptions> = {}): Promise<Bench> {
  const sandbox = await startSandbox({ clientId: CLIENT_ID, secret: SECRET, ...options });
  const dispatcher = new Agent({ keepAliveTimeout: 1_000 });
  const send: Bench['send'] = async (method, path, headers = {}, body) => {
    const response = await request(sandbox.url + path, { method, headers, body, dispatcher });
    const text = await response.body.text();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.statusCode, headers: response.headers, text, json };
  };
  const post: Bench['post'] = (path, body, headers) =>
    send(
      'POST',
      path,
      {
        'content-type': 'application/json',
        'plaid-client-id': CLIENT_ID,
        'plaid-secret': SECRET,
        ...headers,
      },
      typeof body === 'string' ? body : JSON.stringify(body),
    );
  return {
    sandbox,
    send,
    post,
    deliver: async (linkToken = sandbox.issueLinkToken()) => {
      const { json } = await post('/link_delivery/create', { link_token: linkToken });
      return json.link_delivery_session_id as string;
    },
    close: async () => {
      await sandbox.close();
      await dispatcher.destroy();
    },
  };
}

/** The smallest link token request that is accepted. */
export const LINK_TOKEN_REQUEST = {
  client_name: 'Acme Lending',
  language: 'en',
  country_codes: ['US'],
  user: { client_user_id: 'customer-17' },
  products: ['auth'],
};
