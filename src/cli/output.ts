import type { SessionSummary, StartedSession, StatusReport } from '../client';
import type { Finding } from '../ops/doctor';
import type { ErasureReport } from '../client/erase-user';
import type { Discrepancy } from '../ops/reconcile';
import type { ReplayReport } from '../ops/replay/replay-open';
import type { PlaidEnvironment } from '../domain/link-token';
import type { PlaidErrorView } from '../domain/views';
import type { AuditEntry, CallbackRow, ItemRow, RepairEntry, ResultRow, VaultKeyRow } from '../vault';

/**
 * What each command prints on standard output with `--json`: one line of it, or with `watch` and `reconcile` a line for each. Of
 * these types `schemas/cli.schema.json` and the tables in docs/cli.md are made. They may get more fields; none is taken out or gets another meaning
 * without a major version.
 */
export interface CommandOutput {
  worker: ServingWorker;
  setup: SetupReport;
  doctor: DoctorReport;
  start: StartedSession;
  status: StatusReport;
  follow: StatusReport;
  list: SessionSummary[];
  wait: StatusReport;
  check: AskedSession;
  cancel: AskedSession;
  'items list': StoredItem[];
  'items show': StoredItem;
  'items remove': RemovedItem;
  'items forget': ForgottenPerson | null;
  'results list': ResultRow[];
  'results show': ResultRow;
  'results resolve': ResolvedResult;
  'callbacks list': CallbackRow[];
  'callbacks replay': ReplayedCallbacks;
  webhooks: ServingReceiver;
  'keys generate': GeneratedKey | KeyInFile;
  'keys rotate': Rotation;
  'keys status': KeysReport;
  audit: AuditEntry[] | RepairEntry[];
  replay: ReplayReport;
  reconcile: Discrepancy;
  'codec-server': ServingCodec;
  sandbox: ServingSandbox;
}

/** What went wrong: with `--json` the last line on standard error of a command that failed. */
export interface CommandError {
  /** Stable: INVALID_INPUT, that of the failure, or UNEXPECTED. */
  code: string;
  /** What the input is known by, such as `--sms` or `PLAID_ENV`; with INVALID_INPUT, where one can be named. */
  field?: string | undefined;
  /** What to do, also at the end of `message`. With several problems: about the first one. */
  remedy?: string | undefined;
  message: string;
  /** Plaid's error, where that is the cause. */
  plaidError?: PlaidErrorView | undefined;
}

/** Printed once the worker polls. */
export interface ServingWorker {
  environment: PlaidEnvironment;
  taskQueues: string[];
}

/** What was made; what was there already is not named. */
export interface SetupReport {
  /** File names. */
  migrations: string[];
  searchAttributes: string[];
  /** Whether the rights of the database's roles were granted; undefined with an embedded database, which has none. */
  rolesGranted: boolean | undefined;
}

export interface DoctorReport {
  /** No finding is a problem. */
  ok: boolean;
  findings: Finding[];
}

/** The session that was asked for something. */
export interface AskedSession {
  key: string;
}

/** An item as it may be shown. */
export type StoredItem = Omit<ItemRow, 'userHash'>;

export interface RemovedItem {
  itemId: string;
}

/** What became of a person; null when the vault keeps nothing of them. */
export interface ForgottenPerson extends Omit<ErasureReport, 'failures'> {
  /** Items that could not be removed, and why. */
  failures: { itemId: string; error: CommandError }[];
}

export interface ResolvedResult {
  result: ResultRow;
  /** Ids of the workflows that are told again. */
  told: string[];
}

export interface ReplayedCallbacks {
  key: string;
  /** How many are sent again. */
  callbacks: number;
}

/** Printed once the receiver listens. */
export interface ServingReceiver {
  url: string;
}

export interface GeneratedKey {
  /** `id:key`. Secret. */
  key: string;
}

export interface KeyInFile {
  file: string;
  /** The primary first. */
  keyIds: string[];
}

export interface Rotation {
  /** How many values were re-wrapped. */
  moved: number;
  /** How many could not be unwrapped. */
  failed: number;
  /** How many values older keys still wrap. */
  left: number;
  /** Whether a signal stopped it. */
  stopped: boolean;
  keys: VaultKeyRow[];
}

export interface KeysReport {
  vault: VaultKeyRow[];
  codec: CodecKeyReport[];
}

/** A codec key. */
export interface CodecKeyReport {
  keyId: string;
  state: 'PRIMARY' | 'OLDER';
}

/** Printed once the codec server listens. */
export interface ServingCodec {
  url: string;
  origins: string[];
  keyIds: string[];
}

/** Printed once the sandbox listens: the settings that use it. */
export interface ServingSandbox {
  url: string;
  environment: PlaidEnvironment;
  clientId: string;
  secret: string;
}
