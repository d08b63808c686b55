import { Connection } from '@temporalio/client';
import { startInfrastructure, type Infrastructure } from '../../testing/infrastructure';
import type { Postgres } from '../../testing/postgres';
import {
  SESSION_SEARCH_ATTRIBUTES,
  startTemporalServer,
  type TemporalServer,
} from '../../testing/temporal-server';

/** What all contenders of a bench share: one Temporal server, one PostgreSQL, one offline Plaid. */
export interface BenchInfrastructure extends Infrastructure<TemporalServer> {
  postgres: Postgres;
  serverPid: number;
  /** For clients. */
  connection: Connection;
}

/**
 * Starts what the contenders of a bench share. All of it ends with this process.
 *
 * @param namespaces of Temporal, beside `default`: contenders whose task queues have the same names need one each
 * @throws Error with one clear line when a part does not start
 */
export async function startBenchInfrastructure(
  log: (line: string) => void,
  namespaces: readonly string[] = [],
): Promise<BenchInfrastructure> {
  const infrastructure = await startInfrastructure({
    postgres: true,
    temporal: async (_folder, closeLater) => {
      const server = await startTemporalServer({
        namespaces,
        searchAttributes: SESSION_SEARCH_ATTRIBUTES,
        log,
      });
      closeLater(() => server.stop());
      return server;
    },
  });
  const { temporalServer, postgres, closeLater } = infrastructure;
  const connection = await Connection.connect({ address: temporalServer.address });
  closeLater(() => connection.close());
  return { ...infrastructure, postgres: postgres!, serverPid: temporalServer.pid!, connection };
}
