import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  connect as connectHttp2,
  createSecureServer,
  type ClientHttp2Session,
  type Http2SecureServer,
} from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { loadTemporalConnection } from '../../src/temporal/connection';
import { CLIENT, ELSEWHERE, LOCALHOST, OTHER_CA, TEST_CA } from '../../testing/certificates';
import { describeWithDevServer, devServer } from '../../testing/temporal';

const MINUTE_MS = 60_000;
const API_KEY = 'fictitious.temporal.api-key';

/** A TLS endpoint in front of a Temporal server, as Temporal Cloud and most clusters have one. */
interface Endpoint {
  port: number;
  /** What the calls since the last look said in their header `authorization`. */
  authorizations(): (string | undefined)[];
  close(): Promise<void>;
}

interface EndpointOptions {
  certificate: { cert: string; key: string };
  /** Asks for a client certificate of this CA. */
  clientCa?: string;
}

async function startEndpoint(target: string, { certificate, clientCa }: EndpointOptions): Promise<Endpoint> {
  const behind: ClientHttp2Session = connectHttp2(`http://${target}`);
  const seen: (string | undefined)[] = [];
  const server: Http2SecureServer = createSecureServer({
    ...certificate,
    ...(clientCa !== undefined && { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
  });
  // Handshakes that fail are what some tests want.
  server.on('tlsClientError', () => undefined);
  server.on('stream', (stream, headers) => {
    seen.push(headers.authorization);
    stream.on('error', () => undefined);
    const { ':authority': _authority, ':scheme': _scheme, ...rest } = headers;
    const call = behind.request(rest);
    call.on('error', () => stream.destroy());
    call.on('response', (answer) => {
      const { ':status': status, ...fields } = answer;
      stream.respond({ ':status': status, ...fields }, { waitForTrailers: true });
      call.pipe(stream);
    });
    call.on('trailers', (trailers) => {
      stream.once('wantTrailers', () => stream.sendTrailers(trailers));
    });
    stream.pipe(call);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    authorizations: () => seen.splice(0),
    async close() {
      for (const session of sessions) session.destroy();
      behind.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

describeWithDevServer('Temporal over TLS', () => {
  const server = devServer();
  const endpoints: Record<'plain' | 'mutual' | 'elsewhere', Endpoint> = {} as never;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'temporal-tls-'));
    for (const [name, text] of Object.entries({
      'ca.pem': TEST_CA,
      'client.pem': CLIENT.cert,
      'client.key': CLIENT.key,
    }))
      writeFileSync(join(folder, name), text);
    const start = (options: EndpointOptions) => startEndpoint(server.address, options);
    endpoints.plain = await start({ certificate: LOCALHOST });
    endpoints.mutual = await start({ certificate: LOCALHOST, clientCa: TEST_CA });
    endpoints.elsewhere = await start({ certificate: ELSEWHERE });
  }, MINUTE_MS);

  afterAll(async () => {
    await Promise.all(Object.values(endpoints).map((endpoint) => endpoint.close()));
    rmSync(folder, { recursive: true });
  }, MINUTE_MS);

  /** Connects as an application and as a worker do, and asks something. */
  async function ask(endpoint: Endpoint, variables: Record<string, string>): Promise<void> {
    const all = { XDG_CONFIG_HOME: folder, TEMPORAL_ADDRESS: `localhost:${endpoint.port}`, ...variables };
    const { connectionOptions, namespace } = loadTemporalConnection(all);
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: 3_000 });
    try {
      await connection.workflowService.describeNamespace({ namespace });
    } finally {
      await connection.close();
    }
    const nativeConnection = await NativeConnection.connect(connectionOptions);
    try {
      await nativeConnection.workflowService.describeNamespace({ namespace });
    } finally {
      await nativeConnection.close();
    }
  }

  /** Both kinds of connection fail. */
  async function expectRefusal(endpoint: Endpoint, variables: Record<string, string>): Promise<void> {
    const all = { XDG_CONFIG_HOME: folder, TEMPORAL_ADDRESS: `localhost:${endpoint.port}`, ...variables };
    const { connectionOptions } = loadTemporalConnection(all);
    await expect(Connection.connect({ ...connectionOptions, connectTimeout: 3_000 })).rejects.toThrow();
    await expect(NativeConnection.connect(connectionOptions)).rejects.toThrow();
    expect(endpoint.authorizations()).toEqual([]);
  }

  const CA = { TEMPORAL_TLS_SERVER_CA_CERT_DATA: TEST_CA };

  it('is reached with the CA of its certificate, as text and as a file', async () => {
    await ask(endpoints.plain, CA);
    await ask(endpoints.plain, { TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(folder, 'ca.pem') });
    expect(new Set(endpoints.plain.authorizations())).toEqual(new Set([undefined]));
  });

  it.each([
    ['without its CA', { TEMPORAL_TLS: 'true' }],
    ['with another CA', { TEMPORAL_TLS_SERVER_CA_CERT_DATA: OTHER_CA }],
    ['under another name than it has', { ...CA, TEMPORAL_TLS_SERVER_NAME: 'elsewhere.example' }],
    ['with an API key but without its CA, and does not get the key', { TEMPORAL_API_KEY: API_KEY }],
  ])(
    'is not used %s',
    async (_name, variables) => {
      await expectRefusal(endpoints.plain, variables);
    },
    MINUTE_MS,
  );

  it(
    'is reached under the name that its certificate has, when that is given',
    async () => {
      await ask(endpoints.elsewhere, { ...CA, TEMPORAL_TLS_SERVER_NAME: 'elsewhere.example' });
      await expectRefusal(endpoints.elsewhere, CA);
    },
    MINUTE_MS,
  );

  it('gets the API key with each call, over TLS', async () => {
    endpoints.plain.authorizations();
    await ask(endpoints.plain, { ...CA, TEMPORAL_API_KEY: API_KEY });
    const authorizations = endpoints.plain.authorizations();
    expect(authorizations.length).toBeGreaterThanOrEqual(4);
    expect(new Set(authorizations)).toEqual(new Set([`Bearer ${API_KEY}`]));
  });

  it(
    'that asks for a client certificate gets one, and is not reached without',
    async () => {
      const certificate = {
        TEMPORAL_TLS_CLIENT_CERT_PATH: join(folder, 'client.pem'),
        TEMPORAL_TLS_CLIENT_KEY_PATH: join(folder, 'client.key'),
      };
      await ask(endpoints.mutual, { ...CA, ...certificate });
      endpoints.mutual.authorizations();
      await expectRefusal(endpoints.mutual, CA);
    },
    MINUTE_MS,
  );
});
