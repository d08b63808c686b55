import { Worker } from '@temporalio/worker';
import { createWorkerCodec } from '../../src/codec/payload-codec';
import { readRecordedHistories, RECORDING_RING } from '../../testing/recorded-histories';
import { quietRuntime } from '../../testing/quiet-runtime';
import type { Bench } from '../bench';
import { BUILT_WORKFLOWS } from '../../testing/built';
import { packageVersion } from '../machine';
import { alternate, measureGrowth, state } from '../measure';

const OPTIONS = {
  workflowBundle: { codePath: BUILT_WORKFLOWS },
  dataConverter: { payloadCodecs: [createWorkerCodec(RECORDING_RING)] },
};

/** The fewest histories whose time the growth is measured from. */
const GROWTH_LEAST = { full: 20, smoke: 1 };

export const replay: Bench = {
  name: 'replay',
  what: 'the replay of recorded histories that gates each change of a workflow',
  async run({ scale, rounds, log }) {
    quietRuntime();
    const recorded = await readRecordedHistories();
    const events = recorded.reduce((sum, { history }) => sum + history.events!.length, 0);
    log(`${recorded.length} histories with ${events} events`);

    /** So many histories, the recorded ones over and over. Gives the seconds that it took. */
    async function replayed(count: number): Promise<number> {
      const histories = Array.from({ length: count }, (_, index) => {
        const { workflowId, json } = recorded[index % recorded.length]!;
        return { workflowId, history: json };
      });
      const startedMs = performance.now();
      for await (const { error } of Worker.runReplayHistories(OPTIONS, histories)) if (error) throw error;
      return (performance.now() - startedMs) / 1_000;
    }

    const { ours } = await alternate(
      { ours: async () => ({ seconds: await replayed(recorded.length) }) },
      { rounds },
    );
    const { row, plot } = await measureGrowth(
      {
        name: 'replay-growth',
        what: 'replayed histories',
        leastWork: GROWTH_LEAST[scale],
        rounds,
      },
      replayed,
    );
    return {
      rows: [
        state('the gate as CI runs it', 's', ours.seconds),
        state(
          'histories replayed',
          'histories/s',
          ours.seconds.map((seconds) => recorded.length / seconds),
        ),
        state(
          'events replayed',
          'events/s',
          ours.seconds.map((seconds) => events / seconds),
        ),
        row,
      ],
      plots: [plot],
      versions: { '@temporalio/worker': packageVersion('@temporalio/worker') },
    };
  },
};
