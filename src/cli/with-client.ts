import type { ClientOptions, UseClient } from './actions/connect';

/**
 * Runs a command with a client made from the settings, and closes its connections.
 *
 * @throws InputError naming a wrong setting, or TEMPORAL_ADDRESS when no server answers there
 */
export async function withClient(options: ClientOptions, use: UseClient): Promise<void> {
  const { runWithClient } = await import('./actions/connect.js');
  await runWithClient(options, use);
}
