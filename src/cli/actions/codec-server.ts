import { loadCodecRing } from '../../config/load-keys';
import { readSettingsFor, type Settings } from '../../config/settings';
import { InputError } from '../../domain/input-error';
import type { ListenAddress } from '../../http/listen-address';
import { type CheckAccess, createAccessCheck } from '../../ops/codec-server/access';
import { auditLine } from '../../ops/codec-server/audit';
import { startCodecServer } from '../../ops/codec-server/codec-server';
import { loadTemporalConnection } from '../../temporal/connection';
import { printJson, printLines } from '../print';
import { stopSignal } from '../stop-signal';

/** The options of `hosted-link codec-server`. */
export interface CodecServerFlags {
  address: ListenAddress;
  origin?: string[];
  unmasked: boolean;
  json?: boolean;
}

/** Runs the codec server until SIGINT or SIGTERM. @throws InputError naming a setting or option */
export async function runCodecServer({
  address,
  origin: origins = [],
  unmasked,
  json,
}: CodecServerFlags): Promise<void> {
  const settings = readSettingsFor('codecKeys', 'codecCallers');
  const { codecTls: tls } = settings;
  if (origins.length === 0)
    throw new InputError('--origin', 'missing', 'name where Web UI is, such as http://localhost:8233');
  const ring = await loadCodecRing(settings);
  const server = await startCodecServer({
    ring,
    origins,
    checkAccess: checkOf(settings),
    unmasked,
    tls: tls && { cert: tls.cert, key: tls.key.reveal() },
    address,
    audit: (entry) => process.stderr.write(`${auditLine(entry)}\n`),
  });
  if (json) printJson<'codec-server'>({ url: server.url, origins, keyIds: ring.ids() });
  else
    printLines([
      `The codec server answers on ${server.url} until Ctrl-C, for programs and pages of ${origins.join(', ')}.`,
      `It has the keys ${ring.ids().join(', ')}, and answers ${callersOf(settings)}.`,
    ]);
  await stopSignal();
  await server.close();
}

/** Undefined: whoever reaches the server may decode. */
function checkOf({ codecTokens: tokens, codecJwt: jwt }: Settings): CheckAccess | undefined {
  if (!tokens && !jwt) return undefined;
  return createAccessCheck({ tokens, jwt: jwt && { ...jwt, namespace: loadTemporalConnection().namespace } });
}

function callersOf({ codecTokens: tokens = new Map(), codecJwt: jwt }: Settings): string {
  const names = [...tokens.keys()].map((name) => `the token ${name}`);
  return [...names, ...(jwt ? [`users of ${jwt.issuer}`] : [])].join(', ') || 'whoever reaches it';
}
