import { Command } from 'commander';
import { type CheckAccess, createAccessCheck } from '../ops/codec-server/access';
import type { AccessSettings } from '../config/codec-access';
import { auditLine } from '../ops/codec-server/audit';
import { startCodecServer } from '../ops/codec-server/codec-server';
import { readSettingsFor } from '../config/settings';
import { InputError } from '../domain/input-error';
import { loadCodecRing } from '../config/load-keys';
import { loadTemporalConnection } from '../temporal/connection';
import { examples } from './examples';
import { parsePort } from './port-option';
import { printJson, printLines } from './print';
import { stopSignal } from './stop-signal';

const DEFAULT_PORT = 8081;
const DEFAULT_HOST = '127.0.0.1';

interface Flags {
  port: number;
  host: string;
  origin?: string[];
  unmasked: boolean;
  json?: boolean;
}

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
    .action(async ({ port, host, origin, unmasked, json }: Flags) => {
      const settings = readSettingsFor('codecKeys', 'codecCallers');
      const { codecAccess: access, codecTls: tls } = settings;
      const origins = origin ?? settings.codecOrigins;
      if (origins.length === 0)
        throw new InputError('--origin', 'missing', 'name where Web UI is, such as http://localhost:8233');
      const ring = await loadCodecRing(settings);
      const server = await startCodecServer({
        ring,
        origins,
        checkAccess: access && checkOf(access),
        unmasked,
        tls: tls && { cert: tls.cert, key: tls.key.reveal() },
        port,
        host,
        audit: (entry) => process.stderr.write(`${auditLine(entry)}\n`),
      });
      if (json) printJson<'codec-server'>({ url: server.url, origins, keyIds: ring.ids() });
      else
        printLines([
          `The codec server answers on ${server.url} until Ctrl-C, for programs and pages of ${origins.join(', ')}.`,
          `It has the keys ${ring.ids().join(', ')}, and answers ${callersOf(access)}.`,
        ]);
      await stopSignal();
      await server.close();
    });
}

function checkOf({ tokens, jwt }: AccessSettings): CheckAccess {
  return createAccessCheck({ tokens, jwt: jwt && { ...jwt, namespace: loadTemporalConnection().namespace } });
}

function callersOf(access: AccessSettings | undefined): string {
  if (!access) return 'whoever reaches it';
  const names = [...access.tokens.keys()].map((name) => `the token ${name}`);
  return [...names, ...(access.jwt ? [`users of ${access.jwt.issuer}`] : [])].join(', ');
}
