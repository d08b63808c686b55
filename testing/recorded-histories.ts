import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadedDataConverter } from '@temporalio/common';
import { decodeArrayFromPayloads, loadDataConverter } from '@temporalio/common/lib/internal-non-workflow';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import type { temporal } from '@temporalio/proto';
import { createWorkerCodec } from '../src/codec/payload-codec';
import { parseKeyRing } from '../src/secrets/key-ring';
import type { ResultState, SessionState } from '../src/domain/states';
import { STATE_ATTRIBUTE } from '../src/workflows/search-attributes';
import type { ExchangeView } from '../src/workflows/messages';

type History = temporal.api.history.v1.IHistory;

/** Where recorded histories are kept: `<workflow type>/<end>.json`. */
export const HISTORIES = join(__dirname, '../test/histories');

/**
 * The key under which histories are recorded. It is published here and so protects nothing: what it encrypts is
 * fictitious. It is there because workflows see other payloads, and histories other bytes, without a codec.
 */
export const RECORDING_RING = parseKeyRing(
  `recording:${createHash('sha256').update('hosted-link recorded histories, published').digest('base64')}`,
  'recording key',
);

/** The data converter of recorded histories, which is a worker's. */
export const RECORDING_CONVERTER = { payloadCodecs: [createWorkerCodec(RECORDING_RING)] };

/** A history as it was recorded once. */
export interface RecordedHistory {
  /** `<workflow type>/<end>`. */
  name: string;
  workflowType: string;
  workflowId: string;
  /** The file's JSON, in Temporal's proto JSON form. */
  json: unknown;
  history: History;
}

/**
 * All histories recorded in a folder, in the order of their names.
 * @throws Error when there is none: a gate without histories would let everything pass
 */
export async function readRecordedHistories(folder = HISTORIES): Promise<RecordedHistory[]> {
  const entries = await readdir(folder, { recursive: true });
  const files = entries.filter((entry) => entry.endsWith('.json')).sort();
  if (files.length === 0) throw new Error(`no recorded history in ${folder}; run npm run record-histories`);
  return await Promise.all(
    files.map(async (file) => {
      const json: unknown = JSON.parse(await readFile(join(folder, file), 'utf8'));
      const history = historyFromJSON(json);
      const started = history.events![0]!.workflowExecutionStartedEventAttributes!;
      return {
        name: file.replace(/\.json$/, ''),
        workflowType: started.workflowType!.name!,
        workflowId: started.workflowId!,
        json,
        history,
      };
    }),
  );
}

/** The states that a session has entered, in order: search attributes stand in clear. */
export function statesIn({ events }: History): SessionState[] {
  return events!.flatMap(({ upsertWorkflowSearchAttributesEventAttributes: upsert }) => {
    const payload = upsert?.searchAttributes?.indexedFields?.[STATE_ATTRIBUTE.name];
    return payload ? [JSON.parse(Buffer.from(payload.data!).toString()) as SessionState] : [];
  });
}

/** The last state of a recorded session. */
export function lastState({ history }: RecordedHistory): SessionState | undefined {
  return statesIn(history).at(-1);
}

/** The ends of the results of a recorded token exchange. */
export async function resultStates({ history }: RecordedHistory): Promise<ResultState[]> {
  const { result } = history.events!.at(-1)!.workflowExecutionCompletedEventAttributes!;
  const converter: LoadedDataConverter = loadDataConverter(RECORDING_CONVERTER);
  const [view] = (await decodeArrayFromPayloads(converter, result?.payloads)) as [ExchangeView];
  return view.results.map(({ state }) => state);
}
