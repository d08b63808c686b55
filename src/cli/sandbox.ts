import { Command, InvalidArgumentError, Option } from 'commander';
import type { TokenShape } from '../sandbox';
import { startSandbox } from '../sandbox';
import { stopSignal } from './stop-signal';

/** What the sandbox accepts as Plaid's client id and secret. Published here, so they protect nothing. */
const CLIENT_ID = 'sandbox_client_id';
const SECRET = 'sandbox_secret';

const DEFAULT_PORT = 8790;

interface Flags {
  port: number;
  auto: boolean;
  tokensOnce: boolean;
  tokenShape: TokenShape;
}

/** `hosted-link sandbox`: the offline Plaid alone, until SIGINT or SIGTERM. */
export function sandboxCommand(): Command {
  return new Command('sandbox')
    .description('Run the offline Plaid on this machine, for development')
    .option('--port <number>', 'TCP port on 127.0.0.1, 0 for a free one', parsePort, DEFAULT_PORT)
    .option('--auto', 'let sessions open and finish by themselves', false)
    .option('--tokens-once', 'let /link_delivery/get show the tokens of a session only once', false)
    .addOption(
      new Option('--token-shape <shape>', 'what /link_delivery/get shows of a finished session')
        .choices(['access_tokens', 'public_tokens'])
        .default('access_tokens'),
    )
    .action(async (flags: Flags, command: Command) => {
      const sandbox = await startSandbox({ ...flags, clientId: CLIENT_ID, secret: SECRET }).catch(
        (error: NodeJS.ErrnoException) =>
          command.error(
            `error: the sandbox cannot listen on 127.0.0.1:${flags.port} (${error.code}): choose another --port, or 0 for a free one`,
          ),
      );
      process.stdout.write(
        [
          `The offline Plaid answers on ${sandbox.url} until Ctrl-C. To use it:`,
          '',
          `  PLAID_BASE_URL=${sandbox.url}`,
          '  PLAID_ENV=sandbox',
          `  PLAID_CLIENT_ID=${CLIENT_ID}`,
          `  PLAID_SECRET=${SECRET}`,
          '',
          'These values are the same for everybody and protect nothing.',
          '',
        ].join('\n'),
      );
      await stopSignal();
      await sandbox.close();
    });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}
