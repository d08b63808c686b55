import { Command, Option } from 'commander';
import { parseAddress } from './address-option';
import type { CodecServerFlags } from './actions/codec-server';
import { examples } from './examples';

const DEFAULT_ADDRESS = '127.0.0.1:8081';

/** `hosted-link codec-server`: lets Temporal Web UI and the Temporal CLI show payloads, until SIGINT or SIGTERM. */
export function codecServerCommand(): Command {
  return new Command('codec-server')
    .description('let Temporal Web UI and the Temporal CLI show decrypted payloads')
    .addOption(
      new Option(
        '--address <host:port>',
        'where to listen: an IP address and a port, 0 for a free one; an address that is not loopback needs callers to be named',
      )
        .argParser(parseAddress)
        .default(parseAddress(DEFAULT_ADDRESS), DEFAULT_ADDRESS),
    )
    .option('--origin <origin...>', 'where Web UI is, such as http://localhost:8233')
    .option('--unmasked', 'show phone numbers, e-mail addresses, URLs and tokens', false)
    .option('--json', 'print an object once it listens')
    .addHelpText(
      'after',
      examples(
        'hosted-link codec-server --origin http://localhost:8233',
        'hosted-link codec-server --address 127.0.0.1:9000 --origin http://localhost:8233 --unmasked',
      ),
    )
    .action(async (options: CodecServerFlags) => {
      const { runCodecServer } = await import('./actions/codec-server.js');
      await runCodecServer(options);
    });
}
