import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { Pool } from 'pg';
import type { PlaidAccount } from '../../../testing/infrastructure';
import { bareUndici } from '../bare-undici';
import { sessionSteps } from '../session-steps';

/** The message that the parent sends. */
export interface ServiceOptions {
  account: PlaidAccount;
  databaseUrl: string;
}

/** As often as the bare Temporal workflow asks. */
const POLL_MS = 5_000;

interface OpenSession {
  timer: NodeJS.Timeout;
  /** While one get is under way, another learns nothing more. */
  isAsking: boolean;
  end: () => void;
  ended: Promise<void>;
}

/** A service that keeps its sessions in memory and polls for each: whoever stops it loses them. Ends when its parent disconnects. */
async function main(): Promise<void> {
  const [{ account, databaseUrl }] = (await once(process, 'message')) as [ServiceOptions];
  const pool = new Pool({ connectionString: databaseUrl, max: 5 });
  const steps = sessionSteps(bareUndici(account.url, account.clientId, account.secret), pool);
  const sessions = new Map<string, OpenSession>();

  async function look(id: string): Promise<void> {
    const session = sessions.get(id);
    if (!session || session.isAsking) return;
    session.isAsking = true;
    const accessToken = await steps.get(id);
    if (accessToken !== undefined) {
      await steps.storeItem(id, accessToken);
      session.end();
      forget(id);
    }
    session.isAsking = false;
  }

  function forget(id: string): void {
    clearInterval(sessions.get(id)?.timer);
    sessions.delete(id);
  }

  const service = fastify({ forceCloseConnections: true });
  service.post<{ Body: { linkToken: string } }>('/sessions', async ({ body }) => {
    const { id, url } = await steps.create(body.linkToken);
    const timer = setInterval(() => void look(id), POLL_MS);
    let end = () => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    sessions.set(id, { timer, isAsking: false, end, ended });
    return { id, url };
  });
  service.post<{ Params: { id: string } }>('/sessions/:id/hint', async ({ params }) => {
    void look(params.id);
    return {};
  });
  service.get<{ Params: { id: string } }>('/sessions/:id/end', async ({ params }) => {
    await sessions.get(params.id)?.ended;
    return {};
  });
  service.delete<{ Params: { id: string } }>('/sessions/:id', async ({ params }) => {
    forget(params.id);
    return {};
  });
  service.post<{ Body: { link_delivery_session_id?: string } }>('/webhooks', async ({ body }) => {
    if (body.link_delivery_session_id !== undefined) void look(body.link_delivery_session_id);
    return {};
  });
  await service.listen({ host: '127.0.0.1', port: 0 });
  process.send?.((service.server.address() as AddressInfo).port);
  await once(process, 'disconnect');
  for (const id of [...sessions.keys()]) forget(id);
  await service.close();
  await pool.end();
}

void main();
