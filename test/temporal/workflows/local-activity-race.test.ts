import { Client, type WorkflowHandle } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import type { Activities } from '../../../src/activities';
import { exchangeWorkflowId, TASK_QUEUES } from '../../../src/domain/ids';
import type { ResultView } from '../../../src/domain/views';
import type { tokenExchange } from '../../../src/workflows';
import { exchangeStatusQuery, completionSignal, type LinkCompleted } from '../../../src/workflows/messages';
import { workflowBundle } from '../../../testing/workflow-bundle';
import { describeWithDevServer, devServer } from '../../../testing/temporal';

const MINUTE_MS = 60_000;

const PENDING: ResultView = {
  resultId: 'result-1',
  state: 'PENDING',
  itemId: undefined,
  errorCode: undefined,
  requestIds: [],
};
const LINKED: ResultView = { ...PENDING, state: 'LINKED', itemId: 'item-1' };

/** What has to happen, in this order, for a local activity's result to be given to its workflow later than the history says. */
class Race {
  readonly queried = new Moment();
  readonly looked = new Moment();
  readonly signalled = new Moment();
}

class Moment {
  come!: () => void;
  readonly hasCome = new Promise<void>((resolve) => (this.come = resolve));
}

/*
 * Core answers a query between the steps of a workflow task. When a local activity ends meanwhile, its marker goes to the server
 * with the answer, and its result to the workflow with the next task, after the signals that came with that. A replay gives it the result
 * where the marker stands: before the signals.
 */
describeWithDevServer('a token exchange that is queried while it looks into the vault', () => {
  const server = devServer();

  it.each<[string, LinkCompleted]>([
    ['completed', { last: true, state: 'COMPLETED', results: 1 }],
    ['completed with more than was seen', { last: true, state: 'COMPLETED', results: 2 }],
    ['been cancelled', { last: true, state: 'CANCELLED', results: 1 }],
  ])(
    'and told at the same time that its session has %s does what a replay repeats',
    async (_what, completion) => {
      const race = new Race();
      const client = new Client({ connection: server.connection });
      const handle = await client.workflow.start<typeof tokenExchange>('tokenExchange', {
        workflowId: exchangeWorkflowId(`late-${completion.state}-${completion.results}`),
        taskQueue: TASK_QUEUES.main,
        args: [{ key: 'late', notify: [], plaidFlow: 'link_delivery', startImmediately: true }],
      });
      const [query] = await Promise.all([
        handle.query(exchangeStatusQuery),
        runWorkers(race, handle, completion),
      ]);
      expect(query.results).toEqual([]);
      const history = await handle.fetchHistory();
      await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, handle.workflowId);
    },
    MINUTE_MS,
  );

  async function runWorkers(
    race: Race,
    handle: WorkflowHandle<typeof tokenExchange>,
    completion: LinkCompleted,
  ): Promise<void> {
    const { nativeConnection: connection } = server;
    const activities: Partial<Activities> = {
      async listResults() {
        await race.queried.hasCome;
        return [PENDING];
      },
      exchangeResult: () => Promise.resolve({ ...LINKED, isDescribed: true }),
      removeResult: () => Promise.resolve({ ...PENDING, state: 'REMOVED' }),
      queueCallback: () => Promise.resolve(),
    };
    const [main, urgent] = await Promise.all([
      Worker.create({
        connection,
        taskQueue: TASK_QUEUES.main,
        workflowBundle: await workflowBundle(),
        activities,
        dataConverter: { payloadCodecs: [holdsAnswer(race)] },
      }),
      Worker.create({ connection, taskQueue: TASK_QUEUES.plaidUrgent, activities }),
    ]);
    tellWhenLooked(main, race);
    const ended = race.looked.hasCome.then(async () => {
      await handle.signal(completionSignal, completion);
      race.signalled.come();
      await handle.result();
    });
    await Promise.all([main.runUntil(ended), urgent.runUntil(ended)]);
  }
});

/** Holds the first answer to a query until the local activity has ended, and its workflow was signalled. */
function holdsAnswer({ queried, signalled }: Race): PayloadCodec {
  return {
    async encode(payloads) {
      if (payloads.some(({ data }) => Buffer.from(data ?? []).includes('"notices":[]'))) {
        queried.come();
        await signalled.hasCome;
      }
      return payloads;
    },
    decode: (payloads) => Promise.resolve(payloads),
  };
}

/** No event tells that Core has the result of a local activity: only the call that hands it over. */
function tellWhenLooked(worker: Worker, { looked }: Race): void {
  const { nativeWorker } = worker as unknown as {
    nativeWorker: { completeActivityTask(completion: Buffer): Promise<void> };
  };
  const complete = nativeWorker.completeActivityTask.bind(nativeWorker);
  nativeWorker.completeActivityTask = async (completion) => {
    await complete(completion);
    looked.come();
  };
}
