import type { DataConverter, Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { SimplePlugin } from '@temporalio/plugin';
import type { KeyRing } from '../secrets/key-ring';
import { OWN_WORKFLOW_PREFIXES } from '../domain/ids';
import { clientSpans } from '../temporal/client-spans';
import { createPayloadCodec, decryptOr } from './payload-codec';

/**
 * A plugin for clients and workers that serve other workflows as well. What belongs to a workflow of hosted-link is encrypted
 * under the codec's keys, and all else goes through the codecs that are there already, or none, as before. List it after
 * plugins that add a codec. Clients get `clientSpans` besides.
 */
export class HostedLinkCodecPlugin extends SimplePlugin {
  /** @param ring the deployment's codec ring, from `loadCodecRing` */
  constructor(ring: KeyRing) {
    super({
      name: 'hosted-link',
      dataConverter: (given) => withRoutedCodec(given, ring),
      clientInterceptors: { workflow: [clientSpans] },
    });
  }
}

/** A connection hands its plugins on to its clients and workers, so the same data converter may come by twice. */
function withRoutedCodec(given: DataConverter | undefined, ring: KeyRing): DataConverter {
  const others = given?.payloadCodecs ?? [];
  if (others.some((codec) => codec instanceof RoutedCodec)) return given!;
  return { ...given, payloadCodecs: [new RoutedCodec(ring, others)] };
}

class RoutedCodec implements PayloadCodec {
  readonly #own: PayloadCodec;

  constructor(
    private readonly ring: KeyRing,
    private readonly others: readonly PayloadCodec[],
  ) {
    this.#own = createPayloadCodec(ring);
  }

  async encode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    if (isOwn(context)) return await this.#own.encode(payloads, context);
    let encoded = payloads;
    for (const codec of this.others) encoded = await codec.encode(encoded, context);
    return encoded;
  }

  async decode(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    if (isOwn(context)) return await this.#own.decode(payloads, context);
    // What a session tells another workflow is encrypted too, and stands in that one's history.
    const decrypted = payloads.map((payload) => decryptOr(payload, this.ring, () => payload));
    const isForeign = (payload: Payload, index: number) => decrypted[index] === payload;
    const foreign = (await this.#decodeForeign(payloads.filter(isForeign), context)).values();
    return payloads.map((payload, index) =>
      isForeign(payload, index) ? foreign.next().value! : decrypted[index]!,
    );
  }

  async #decodeForeign(payloads: Payload[], context?: SerializationContext): Promise<Payload[]> {
    let decoded = payloads;
    for (const codec of [...this.others].reverse()) decoded = await codec.decode(decoded, context);
    return decoded;
  }
}

/** Tells by the workflow that a payload belongs to; a child's, or a signalled workflow's, counts as its own. */
function isOwn(context: SerializationContext | undefined): boolean {
  const workflowId = context?.workflowId;
  return workflowId !== undefined && OWN_WORKFLOW_PREFIXES.some((prefix) => workflowId.startsWith(prefix));
}
