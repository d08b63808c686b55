import { join } from 'node:path';
import { request } from 'undici';
import { runSql } from '../../../testing/postgres';
import { forkAndSend } from '../../forked';
import type { SessionContender } from '../../temporal/contender';
import type { BenchInfrastructure } from '../../temporal/infrastructure';
import { ITEMS_TABLE, storedItems } from '../session-steps';
import type { ServiceOptions } from './service-child';

/**
 * What many would write by hand: a web service that keeps its sessions in memory and polls for each. It has no Temporal, so that beside it
 * stands what durability costs. Runs until the infrastructure is closed.
 */
export async function startInMemoryService(infrastructure: BenchInfrastructure): Promise<SessionContender> {
  const databaseUrl = await infrastructure.postgres.createDatabase();
  await runSql(databaseUrl, ITEMS_TABLE);
  const options: ServiceOptions = { account: infrastructure.account, databaseUrl };
  const service = await forkAndSend<ServiceOptions, number>(join(__dirname, 'service-child.ts'), options);
  infrastructure.closeLater(() => service.close());
  const origin = `http://127.0.0.1:${service.answer}`;
  const call = async (method: 'GET' | 'POST' | 'DELETE', path: string, content?: object) => {
    const { body } = await request(origin + path, {
      method,
      ...(content && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(content),
      }),
    });
    return await body.json();
  };
  return {
    name: 'a service in memory',
    workerPids: [service.pid],
    webhookUrl: `${origin}/webhooks`,
    start: async (linkToken) => ((await call('POST', '/sessions', { linkToken })) as { id: string }).id,
    hint: async (id) => void (await call('POST', `/sessions/${id}/hint`)),
    ended: async (id) => void (await call('GET', `/sessions/${id}/end`)),
    terminate: async (id) => void (await call('DELETE', `/sessions/${id}`)),
    storedAtMs: () => storedItems(databaseUrl),
  };
}
