import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { HostedLinkClient } from 'hosted-link/client';
import { createHostedLinkPlugin, readSettings } from 'hosted-link/worker';
import { createActivities } from './activities';

/** A worker with workflows and a task queue of its own, which serves sessions as well. */
async function main(): Promise<void> {
  const settings = readSettings();
  const hostedLinkPlugin = await createHostedLinkPlugin(settings);
  const connection = await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] });
  try {
    const client = new Client({ connection, plugins: [hostedLinkPlugin] });
    const worker = await Worker.create({
      connection,
      taskQueue: 'onboarding',
      workflowsPath: require.resolve('./workflows'),
      activities: createActivities({
        hostedLink: new HostedLinkClient({ temporal: client, environment: settings.environment }),
        send: async (customerId, url) => {
          process.stdout.write(`customer ${customerId}: ${url}\n`);
        },
      }),
      plugins: [hostedLinkPlugin],
    });
    await worker.run();
  } finally {
    await connection.close();
  }
}

void main();
