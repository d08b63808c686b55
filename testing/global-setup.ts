import { findComposeReader } from './compose-go';
import { findPython } from './python';
import { findTemporalCli } from './temporal-server';
import { findTestServer } from './time-skipping-server';

/**
 * Jest's globalSetup: gets what tests run, Temporal servers, Python and linters, ready once, before any test, and passes their
 * paths on in the environment. Without one of them, tests that need one are skipped, aloud and with the reason; with CI set, that is an error.
 */
export default async function prepareTemporal(): Promise<void> {
  // gRPC would ask the proxy of HTTPS_PROXY even for servers on loopback.
  process.env['no_grpc_proxy'] = '127.0.0.1';
  await prepare('TEMPORAL_CLI_PATH', (log) => findTemporalCli({ log }));
  await prepare('TEMPORAL_TEST_SERVER_PATH', async (log) => (await findTestServer({ log })).path);
  await prepare('PYTHON_WITH_TEMPORAL', (log) => findPython({ log }));
  await prepare('COMPOSE_READER', (log) => findComposeReader({ log }));
  await prepare('PYTHON_WITH_LINTERS', (log) => findPython({ log, wanted: 'linters' }));
}

async function prepare(
  variable: string,
  find: (log: (line: string) => void) => Promise<string>,
): Promise<void> {
  const log = (line: string) => process.stderr.write(`${line}\n`);
  try {
    process.env[variable] = await find(log);
  } catch (error) {
    if (process.env['CI'] || process.env[variable]) throw error;
    log(`Tests that need it are SKIPPED. ${error instanceof Error ? error.message : String(error)}`);
  }
}
