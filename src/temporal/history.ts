import type { Client, WorkflowHandle } from '@temporalio/client';
import { isGrpcServiceError } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import type { temporal as proto } from '@temporalio/proto';

export type HistoryEvent = proto.api.history.v1.IHistoryEvent;

/** gRPC's code of what is not there: NOT_FOUND. */
const GONE: readonly number[] = [5];

/** The events of a workflow, the oldest first; none when the server does not know it, or no longer. */
export async function historyOf(handle: WorkflowHandle): Promise<HistoryEvent[]> {
  try {
    return (await handle.fetchHistory()).events ?? [];
  } catch (error) {
    if (isGrpcServiceError(error) && GONE.includes(error.code)) return [];
    throw error;
  }
}

/**
 * The first of some payloads, as they stand in a history, through the client's codec; undefined when there is none.
 * @throws CodecError when the codec's ring lacks its key
 */
export async function decodeFirst<T>(
  payloads: readonly Payload[] | null | undefined,
  temporal: Client,
): Promise<T | undefined> {
  const { payloadConverter, payloadCodecs } = temporal.options.loadedDataConverter;
  let decoded = [...(payloads ?? [])].slice(0, 1);
  for (const codec of [...payloadCodecs].reverse()) decoded = await codec.decode(decoded);
  return decoded[0] && payloadConverter.fromPayload<T>(decoded[0]);
}
