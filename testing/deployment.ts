import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sandbox, startSandbox } from '../src/sandbox';
import { HostedLinkCommands } from './hosted-link';
import { copyEmptyDatabase } from './pglite';

/** A deployment whose commands are processes of their own, with an offline Plaid. */
export interface Deployment {
  sandbox: Sandbox;
  commands: HostedLinkCommands;
  /** Removed in the end. In its folder `data` are the keys, and an embedded vault that is made already. */
  folder: string;
  /** Ends what runs, and removes all files. */
  close(): Promise<void>;
}

/**
 * @param account of Plaid's
 * @param settings of its commands, besides those that lead to Temporal, the sandbox and the folder
 */
export async function startDeployment(
  temporalAddress: string,
  account: { clientId: string; secret: string },
  settings: NodeJS.ProcessEnv = {},
): Promise<Deployment> {
  const folder = await mkdtemp(join(tmpdir(), 'hl-'));
  const dataDir = join(folder, 'data');
  await copyEmptyDatabase(dataDir);
  const sandbox = await startSandbox(account);
  const commands = new HostedLinkCommands({
    PLAID_CLIENT_ID: account.clientId,
    PLAID_SECRET: account.secret,
    PLAID_BASE_URL: sandbox.url,
    TEMPORAL_ADDRESS: temporalAddress,
    HOSTED_LINK_DATA_DIR: dataDir,
    ...settings,
  });
  return {
    sandbox,
    commands,
    folder,
    close: async () => {
      await commands.close();
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
