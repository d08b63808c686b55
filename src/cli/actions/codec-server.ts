import type { AccessSettings } from '../../config/codec-access';
import { loadCodecRing } from '../../config/load-keys';
import { readSettingsFor } from '../../config/settings';
import { InputError } from '../../domain/input-error';
import { type CheckAccess, createAccessCheck } from '../../ops/codec-server/access';
import { auditLine } from '../../ops/codec-server/audit';
import { startCodecServer } from '../../ops/codec-server/codec-server';
import { loadTemporalConnection } from '../../temporal/connection';
import { printJson, printLines } from '../print';
import { stopSignal } from '../stop-signal';

/** The options of `hosted-link codec-server`. */
export interface CodecServerOptions {
  port: number;
  host: string;
  origin?: string[];
  unmasked: boolean;
  json?: boolean;
}

/** Runs the codec server until SIGINT or SIGTERM. @throws InputError naming a setting or option */
export async function runCodecServer({
  port,
  host,
  origin,
  unmasked,
  json,
}: CodecServerOptions): Promise<void> {
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
}

function checkOf({ tokens, jwt }: AccessSettings): CheckAccess {
  return createAccessCheck({ tokens, jwt: jwt && { ...jwt, namespace: loadTemporalConnection().namespace } });
}

function callersOf(access: AccessSettings | undefined): string {
  if (!access) return 'whoever reaches it';
  const names = [...access.tokens.keys()].map((name) => `the token ${name}`);
  return [...names, ...(access.jwt ? [`users of ${access.jwt.issuer}`] : [])].join(', ');
}
