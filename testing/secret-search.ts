/** A secret that must be nowhere. */
export interface KnownSecret {
  /** What a report calls it: "access_token". */
  kind: string;
  /** Text, or the bytes of a key. */
  value: string | Buffer;
}

export type Encoding = 'plain' | 'base64' | 'base64url' | 'hex';

interface Pattern {
  secretKind: string;
  encoding: Encoding;
  bytes: Buffer;
}

/** Patterns by their last four bytes, ready for {@link findSecrets}. */
export interface PatternSet {
  byEnd: Map<number, Pattern[]>;
  /** One bit per slot of a hash of the last four bytes: almost every position is passed over by looking here. */
  filter: Uint8Array;
  longest: number;
}

/** Fewer characters would be found by chance; every encoding of so many is longer than the four bytes of an end. */
const MIN_SECRET_LENGTH = 8;
const FILTER_BITS = 20;

/**
 * Prepares the search for every encoding of the secrets. The ends of patterns are what is looked for first, since tokens of
 * one kind begin alike and end at random.
 * @throws Error when a secret is shorter than 8 characters, naming its kind
 */
export function secretPatterns(secrets: KnownSecret[]): PatternSet {
  const set: PatternSet = { byEnd: new Map(), filter: new Uint8Array(1 << (FILTER_BITS - 3)), longest: 0 };
  const known = new Set<string>();
  for (const { kind, value } of secrets) {
    if (value.length < MIN_SECRET_LENGTH) {
      throw new Error(
        `A secret of kind ${kind} has ${value.length} characters; fewer than ${MIN_SECRET_LENGTH} would be found everywhere.`,
      );
    }
    for (const [encoding, text] of encodings(Buffer.from(value))) {
      const bytes = Buffer.from(text);
      const identity = JSON.stringify([kind, bytes.toString('latin1')]);
      if (known.has(identity)) continue;
      known.add(identity);
      add(set, { secretKind: kind, encoding, bytes });
    }
  }
  return set;
}

function* encodings(value: Buffer): Generator<[Encoding, string | Buffer]> {
  yield ['plain', value];
  yield ['hex', value.toString('hex')];
  yield ['hex', value.toString('hex').toUpperCase()];
  for (const before of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(before), value]);
    // Only the characters that hold no bit of a neighbouring byte.
    const [start, end] = [Math.ceil((before * 8) / 6), Math.floor((shifted.length * 8) / 6)];
    yield ['base64', shifted.toString('base64').slice(start, end)];
    yield ['base64url', shifted.toString('base64url').slice(start, end)];
  }
}

function add(set: PatternSet, pattern: Pattern): void {
  const end = pattern.bytes.readInt32BE(pattern.bytes.length - 4);
  const slot = slotOf(end);
  set.filter[slot >>> 3]! |= 1 << (slot & 7);
  const same = set.byEnd.get(end);
  if (same) same.push(pattern);
  else set.byEnd.set(end, [pattern]);
  set.longest = Math.max(set.longest, pattern.bytes.length);
}

function slotOf(end: number): number {
  return Math.imul(end, 0x9e3779b1) >>> (32 - FILTER_BITS);
}

/**
 * Searches a stream of chunks in one pass, also across the borders of chunks, and gives the first place of each pattern
 * and the number of bytes read.
 */
export async function findSecrets(
  set: PatternSet,
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<{ found: { pattern: Pattern; offset: number }[]; length: number }> {
  const first = new Map<Pattern, number>();
  let tail = Buffer.alloc(0);
  let length = 0;
  for await (const chunk of chunks) {
    const text = Buffer.concat([tail, chunk]);
    const base = length - tail.length;
    for (const { pattern, position } of endsIn(set, text, tail.length)) {
      if (!first.has(pattern)) first.set(pattern, base + position);
    }
    length += chunk.length;
    tail = text.subarray(Math.max(0, text.length - set.longest + 1));
  }
  return { found: [...first].map(([pattern, offset]) => ({ pattern, offset })), length };
}

/** The patterns that lie in `text` and end at or after `from`. */
function* endsIn(
  set: PatternSet,
  text: Buffer,
  from: number,
): Generator<{ pattern: Pattern; position: number }> {
  const { filter, byEnd } = set;
  let end = 0;
  for (let index = Math.max(0, from - 3); index < text.length; index++) {
    end = (end << 8) | text[index]!;
    const slot = slotOf(end);
    if ((filter[slot >>> 3]! & (1 << (slot & 7))) === 0 || index < from) continue;
    for (const pattern of byEnd.get(end) ?? []) {
      const position = index + 1 - pattern.bytes.length;
      if (position >= 0 && pattern.bytes.equals(text.subarray(position, index + 1)))
        yield { pattern, position };
    }
  }
}
