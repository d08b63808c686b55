import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { CallbackRefused, verifyCallback } from 'hosted-link/callbacks';
import {
  HostedLinkClient,
  HostedLinkCodecPlugin,
  InputError,
  loadCodecRing,
  readSettings,
  type StartRequest,
} from 'hosted-link/client';
import { DEFAULT_CLIENT_ID, DEFAULT_SECRET, startSandbox } from 'hosted-link/testing';
import { openVaultFromSettings, VaultError } from 'hosted-link/vault';
import { createHostedLinkPlugin } from 'hosted-link/worker';

/*
 * An application that uses every entry of the package, compiled and run as CommonJS and as ES modules. Takes the path of its
 * workflows, and prints what each entry did.
 */

async function main(workflowsPath: string): Promise<void> {
  const settings = readSettings({
    PLAID_CLIENT_ID: DEFAULT_CLIENT_ID,
    PLAID_SECRET: DEFAULT_SECRET,
    DATABASE_URL: 'postgresql://nobody:nothing@127.0.0.1:1/nowhere',
    HOSTED_LINK_DATA_DIR: 'data',
    LOG_LEVEL: 'silent',
  });

  const connection = Connection.lazy();
  const codec = new HostedLinkCodecPlugin(await loadCodecRing(settings));
  const temporal = new Client({ connection, plugins: [codec] });
  const client = new HostedLinkClient({ temporal, environment: settings.environment });
  const request: StartRequest = { linkToken: 'not one' };
  const refused = await client.start(request).catch((error: unknown) => error);
  await connection.close();

  const vault = await openVaultFromSettings(settings).catch((error: unknown) => error);

  const sandbox = await startSandbox({ clientId: DEFAULT_CLIENT_ID, secret: DEFAULT_SECRET });
  const linkToken = sandbox.issueLinkToken();
  await sandbox.close();

  const { name } = await createHostedLinkPlugin(settings);
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });

  let reason: string | false = false;
  try {
    verifyCallback({ headers: {}, rawBody: '{}', secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] });
  } catch (error) {
    reason = error instanceof CallbackRefused && error.reason;
  }

  const did = {
    client: refused instanceof InputError && refused.field,
    callbacks: reason,
    vault: vault instanceof VaultError && vault.code,
    testing: linkToken.slice(0, 'link-sandbox'.length),
    worker: name,
    workflows: code.includes('applicationWorkflow'),
  };
  process.stdout.write(`${JSON.stringify(did)}\n`);
}

void main(process.argv[2]!);
