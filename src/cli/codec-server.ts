import { Command } from 'commander';
import { startCodecServer } from '../codec/codec-server';
import { readSettings } from '../config';
import { InputError } from '../input-error';
import { loadCodecRing } from '../keys';
import { parsePort } from './port-option';
import { stopSignal } from './stop-signal';

const DEFAULT_PORT = 8081;
const DEFAULT_HOST = '127.0.0.1';

interface Flags {
  port: number;
  host: string;
  origin?: string[];
}

/** `hosted-link codec-server`: lets Temporal Web UI and the Temporal CLI show payloads, until SIGINT or SIGTERM. */
export function codecServerCommand(): Command {
  return new Command('codec-server')
    .description('let Temporal Web UI and the Temporal CLI show decrypted payloads')
    .option('--port <number>', 'TCP port, 0 for a free one', parsePort, DEFAULT_PORT)
    .option('--host <address>', 'address to listen on; whoever reaches it can decrypt', DEFAULT_HOST)
    .option(
      '--origin <origin...>',
      'where Web UI is, such as http://localhost:8233 (default: HOSTED_LINK_CODEC_ORIGINS)',
    )
    .action(async ({ port, host, origin }: Flags) => {
      const settings = readSettings();
      const origins = origin ?? settings.codecOrigins;
      if (origins.length === 0)
        throw new InputError('--origin', 'missing; name where Web UI is, such as http://localhost:8233');
      const ring = await loadCodecRing(settings);
      const server = await startCodecServer({ ring, origins, port, host });
      process.stdout.write(
        `The codec server answers on ${server.url} until Ctrl-C, for programs and pages of ${origins.join(', ')}.\n` +
          `It has the keys ${ring.ids().join(', ')}.\n`,
      );
      await stopSignal();
      await server.close();
    });
}
