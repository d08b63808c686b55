import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { HostedLinkCodecPlugin, loadCodecRing, readSettings } from 'hosted-link/client';
import { openVaultFromSettings } from 'hosted-link/vault';
import { Pool } from 'pg';
import { Configuration, PlaidApi, PlaidEnvironments } from 'plaid';
import { createServer } from './server';
import { readAppSettings } from './settings';

const PLAID_TIMEOUT_MS = 15_000;

/** An application service whose people connect their banks by hosted-link. */
async function main(): Promise<void> {
  const settings = readAppSettings(process.env);
  const hostedLinkSettings = readSettings(process.env, { needs: ['plaid'] });
  const { environment } = hostedLinkSettings;

  const { connectionOptions, namespace } = loadClientConnectConfig();
  const connection = await Connection.connect(connectionOptions);
  const codec = new HostedLinkCodecPlugin(await loadCodecRing(hostedLinkSettings));
  const temporal = new Client({ connection, namespace, plugins: [codec] });
  const vault = await openVaultFromSettings(hostedLinkSettings);
  const database = new Pool({
    connectionString: settings.databaseUrl,
    max: settings.databaseConnections,
  });

  const { app } = await createServer({
    settings,
    temporal,
    vault,
    environment,
    database,
    plaid: new PlaidApi(
      new Configuration({
        basePath: hostedLinkSettings.plaidBaseUrl ?? PlaidEnvironments[environment],
        baseOptions: {
          timeout: PLAID_TIMEOUT_MS,
          headers: {
            'PLAID-CLIENT-ID': hostedLinkSettings.plaidClientId,
            'PLAID-SECRET': hostedLinkSettings.plaidSecret?.reveal(),
          },
        },
      }),
    ),
  });
  // A connection that waits in the pool and is closed by the database is no error of anybody's.
  database.on('error', (error) => app.log.warn(`a database connection was lost: ${error.message}`));

  const stop = async () => {
    await app.close();
    await Promise.all([database.end(), vault.close(), connection.close()]);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
  await app.listen({ port: settings.port, host: '127.0.0.1' });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
