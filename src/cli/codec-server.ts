import { Command } from 'commander';
import type { CodecServerOptions } from './actions/codec-server';
import { examples } from './examples';
import { parsePort } from './port-option';

const DEFAULT_PORT = 8081;
const DEFAULT_HOST = '127.0.0.1';

/** `hosted-link codec-server`: lets Temporal Web UI and the Temporal CLI show payloads, until SIGINT or SIGTERM. */
export function codecServerCommand(): Command {
  return new Command('codec-server')
    .description('let Temporal Web UI and the Temporal CLI show decrypted payloads')
    .option('--port <number>', 'TCP port, 0 for a free one', parsePort, DEFAULT_PORT)
    .option(
      '--host <address>',
      'address to listen on; one that is not loopback needs callers to be named',
      DEFAULT_HOST,
    )
    .option(
      '--origin <origin...>',
      'where Web UI is, such as http://localhost:8233 (default: HOSTED_LINK_CODEC_ORIGINS)',
    )
    .option('--unmasked', 'show phone numbers, e-mail addresses, URLs and tokens', false)
    .option('--json', 'print an object once it listens')
    .addHelpText(
      'after',
      examples(
        'hosted-link codec-server --origin http://localhost:8233',
        'hosted-link codec-server --port 9000 --origin http://localhost:8233 --unmasked',
      ),
    )
    .action(async (options: CodecServerOptions) => {
      const { runCodecServer } = await import('./actions/codec-server.js');
      await runCodecServer(options);
    });
}
