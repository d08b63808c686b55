import { printableJson } from '../../secrets/printable';

/** One call of the codec server's `/decode`, without any content. */
export interface CodecAuditEntry {
  /** The name of the caller's token, or the user's `sub`; null where the caller was not let in, or is not asked. */
  who: string | null;
  /** The namespace that the caller said it looks at; null when it said none, or none that could be one. */
  namespace: string | null;
  /** The origin of the page that called, one of those allowed; null for a program. */
  origin: string | null;
  /** How many payloads were asked for, as far as the request was read. */
  payloads: number;
  /** How many of them could not be decoded, and up to five reasons, which name key ids. */
  undecodable: number;
  reasons: string[];
  masked: boolean;
  outcome: 'DECODED' | 'REFUSED';
  /** The HTTP status of the answer. */
  status: number;
}

/** A line of JSON for a log, `warn` when payloads could not be decoded: then a key is missing, or somebody forged a payload. */
export function auditLine(entry: CodecAuditEntry): string {
  const level = entry.undecodable > 0 ? 'warn' : 'info';
  const line = { level, time: new Date().toISOString(), msg: 'codec server call', ...entry };
  // `who` is what an identity provider calls its user.
  return printableJson(JSON.stringify(line));
}
