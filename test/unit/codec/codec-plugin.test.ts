import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { defaultPayloadConverter } from '@temporalio/common';
import { HostedLinkCodecPlugin } from '../../../src/codec/codec-plugin';
import { createPayloadCodec } from '../../../src/codec/payload-codec';
import { generateKeyRingText, parseKeyRing } from '../../../src/secrets/key-ring';

const ring = parseKeyRing(generateKeyRingText('codec'), 'test ring');
const plugin = new HostedLinkCodecPlugin(ring);

const inWorkflow = (workflowId: string): SerializationContext => ({
  type: 'workflow',
  namespace: 'default',
  workflowId,
});
const inActivityOf = (workflowId: string): SerializationContext => ({
  type: 'activity',
  namespace: 'default',
  workflowId,
  isLocal: false,
});

const OURS: [what: string, context: SerializationContext][] = [
  ['a session', inWorkflow('hosted-link/user-42')],
  ['a token exchange', inWorkflow('token-exchange/user-42')],
  ['a removal', inWorkflow('remove-item/item')],
  ['an activity of a session', inActivityOf('hosted-link/user-42')],
];
const THEIRS: [what: string, context: SerializationContext | undefined][] = [
  ['another workflow', inWorkflow('onboarding-42')],
  ['an activity of another workflow', inActivityOf('onboarding-42')],
  ['nobody knows what', undefined],
];

const hello = defaultPayloadConverter.toPayload('hello');
const textOf = ({ metadata }: Payload, field: string) => Buffer.from(metadata?.[field] ?? []).toString();

/** Marks what goes through it, and refuses to decode what has not. */
function marking(mark: string): PayloadCodec {
  return {
    encode: async (payloads) =>
      payloads.map((payload) => ({
        ...payload,
        metadata: { ...payload.metadata, marks: Buffer.from(textOf(payload, 'marks') + mark) },
      })),
    decode: async (payloads) =>
      payloads.map((payload) => {
        const marks = textOf(payload, 'marks');
        if (!marks.endsWith(mark)) throw new Error(`${mark} is not the last of "${marks}"`);
        return { ...payload, metadata: { ...payload.metadata, marks: Buffer.from(marks.slice(0, -1)) } };
      }),
  };
}

/** The only codec that a client with these codecs and the plugin has. */
function codecBeside(...payloadCodecs: PayloadCodec[]): PayloadCodec {
  const { dataConverter } = plugin.configureClient({ dataConverter: { payloadCodecs } });
  expect(dataConverter!.payloadCodecs).toHaveLength(1);
  return dataConverter!.payloadCodecs![0]!;
}

describe('the codec of a client or worker with the plugin', () => {
  it.each(OURS)('encrypts what belongs to %s, and nothing else does', async (_what, ours) => {
    const codec = codecBeside(marking('a'));
    const [encoded] = await codec.encode([hello], ours);
    expect(textOf(encoded!, 'encoding')).toBe('binary/encrypted');
    expect(textOf(encoded!, 'marks')).toBe('');
    expect(await createPayloadCodec(ring).decode([encoded!])).toEqual([
      expect.objectContaining({ data: hello.data }),
    ]);
    expect(await codec.decode([encoded!], ours)).toEqual([expect.objectContaining({ data: hello.data })]);
  });

  it.each(THEIRS)(
    'leaves what belongs to %s to the codecs that are there, in their order',
    async (_what, theirs) => {
      const codec = codecBeside(marking('a'), marking('b'));
      const [encoded] = await codec.encode([hello], theirs);
      expect(textOf(encoded!, 'encoding')).toBe('json/plain');
      expect(textOf(encoded!, 'marks')).toBe('ab');
      const [decoded] = await codec.decode([encoded!], theirs);
      expect(textOf(decoded!, 'marks')).toBe('');
    },
  );

  it('leaves all else as it is when there are none', async () => {
    const codec = codecBeside();
    const theirs = inWorkflow('onboarding-42');
    expect(await codec.encode([hello], theirs)).toEqual([hello]);
    expect(await codec.decode([hello], theirs)).toEqual([hello]);
  });

  it('decrypts what a session tells another workflow, among payloads of that one', async () => {
    const codec = codecBeside(marking('a'));
    const theirs = inWorkflow('onboarding-42');
    const [told] = await createPayloadCodec(ring).encode([hello]);
    const [own] = await codec.encode([defaultPayloadConverter.toPayload('own')], theirs);
    const decoded = await codec.decode([own!, told!, own!], theirs);
    expect(decoded.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual([
      'own',
      'hello',
      'own',
    ]);
  });

  it("leaves alone what another codec has encrypted in the same format, also under a key id of the ring's", async () => {
    const namesake = parseKeyRing(
      `${ring.primary.id}:${generateKeyRingText('x').split(':')[1]}`,
      'test ring',
    );
    for (const otherRing of [namesake, parseKeyRing(generateKeyRingText('other'), 'test ring')]) {
      const codec = codecBeside(createPayloadCodec(otherRing));
      const theirs = inWorkflow('onboarding-42');
      const [encoded] = await codec.encode([hello], theirs);
      expect(textOf(encoded!, 'encoding')).toBe('binary/encrypted');
      expect(await codec.decode([encoded!], theirs)).toEqual([expect.objectContaining({ data: hello.data })]);
    }
  });

  it('is put there once, also by a connection that hands its plugins on', () => {
    const once = plugin.configureClient({});
    expect(plugin.configureClient(once).dataConverter).toBe(once.dataConverter);
  });

  it('keeps what else the data converter has', () => {
    const { dataConverter } = plugin.configureClient({ dataConverter: { payloadConverterPath: 'theirs' } });
    expect(dataConverter).toMatchObject({
      payloadConverterPath: 'theirs',
      payloadCodecs: [expect.anything()],
    });
  });
});
