import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Worker,
  type ReplayWorkerOptions,
  type WorkflowBundleOption,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { CONTINUING, REMOVALS, SCENARIOS, WORKER_STOPS } from '../../../tools/record-histories/scenarios';
import { isEndState, SESSION_STATES } from '../../../src/domain/states';
import * as workflows from '../../../src/workflows';
import { ROOT } from '../../../testing/built';
import { workflowBundle } from '../../../testing/workflow-bundle';
import { quietRuntime } from '../../../testing/quiet-runtime';
import {
  lastState,
  readRecordedHistories,
  RECORDING_CONVERTER,
  resultStates,
  type RecordedHistory,
} from '../../../testing/recorded-histories';

/** A bundle takes seconds, on a busy machine many. */
const BUNDLE_MS = 100_000;

const WORKFLOW_TYPES = Object.keys(workflows).sort();

describe('recorded histories', () => {
  let recorded: RecordedHistory[];

  beforeAll(async () => {
    quietRuntime();
    recorded = await readRecordedHistories();
  });

  test('an empty folder is no pass', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'no-histories-'));
    await expect(readRecordedHistories(empty)).rejects.toThrow('no recorded history');
    await rm(empty, { recursive: true });
  });

  test('each stands in the folder of its workflow, and every registered workflow has some', () => {
    for (const { name, workflowType } of recorded) expect(name.split('/')[0]).toBe(workflowType);
    expect([...new Set(recorded.map(({ workflowType }) => workflowType))].sort()).toEqual(WORKFLOW_TYPES);
  });

  test('every state in which a session can end is among them', () => {
    const ends = new Set(recorded.filter(isOf('hostedLinkSession')).map(lastState));
    expect([...ends].filter((state) => state !== undefined && isEndState(state)).sort()).toEqual(
      SESSION_STATES.filter(isEndState).sort(),
    );
  });

  test('every state in which an exchanged result can end is among them', async () => {
    const ends = await Promise.all(recorded.filter(isOf('tokenExchange')).map(resultStates));
    // REMOVED by its session's cancel, of which it hears.
    expect([...new Set(ends.flat())].sort()).toEqual([
      'DUPLICATE',
      'EXPIRED',
      'FAILED',
      'LINKED',
      'REMOVED',
      'UNCERTAIN',
    ]);
  });

  test('every end of the delivery of callbacks is among them', () => {
    const last = recorded.filter(isOf('callbackDelivery')).map(lastEvent);
    expect(last.some((event) => event.workflowExecutionCompletedEventAttributes)).toBe(true);
    expect(last.some((event) => event.workflowExecutionFailedEventAttributes)).toBe(true);
    expect(last.some((event) => event.workflowExecutionCanceledEventAttributes)).toBe(true);
  });

  test('a session that continued as new is among them, both before and after', () => {
    const [before, after] = [
      find(recorded, 'hostedLinkSession/continued'),
      find(recorded, 'hostedLinkSession/completed-after-continuing'),
    ];
    expect(lastEvent(before).workflowExecutionContinuedAsNewEventAttributes).toBeTruthy();
    expect(firstRunOf(after)).toBe(firstRunOf(before));
  });

  test('none shows a token, a hosted URL, a phone number or where it was recorded', () => {
    for (const { json } of recorded) {
      for (const text of textsIn(json)) {
        expect(text).not.toMatch(
          /(link|access|public)-(sandbox|development|production)-|\/hl\/|\+1415|\/src\//,
        );
      }
    }
  });

  test('every scenario of the recorder is among them', () => {
    const scenarios = [...SCENARIOS, ...REMOVALS, ...WORKER_STOPS, ...CONTINUING];
    const names = scenarios.flatMap(({ session, continued, exchange, removal, erasure, callbacks }) => [
      ...(session ? [`hostedLinkSession/${session}`] : []),
      ...(continued ? [`hostedLinkSession/${continued}`] : []),
      ...(exchange ? [`tokenExchange/${exchange}`] : []),
      ...(removal ? [`itemRemoval/${removal}`] : []),
      ...(callbacks ? [`callbackDelivery/${callbacks}`] : []),
      ...(erasure ? [`userErasure/${erasure}`] : []),
    ]);
    expect(recorded.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });

  test(
    'every one of them fits the workflows as they are',
    async () => {
      expect(await failedReplays(recorded, await workflowBundle())).toEqual([]);
    },
    BUNDLE_MS,
  );

  describe('replayed with changed workflows', () => {
    let copy: string;

    beforeEach(async () => {
      await mkdir(join(ROOT, '.cache'), { recursive: true });
      copy = await mkdtemp(join(ROOT, '.cache', 'replay-'));
      await cp(join(ROOT, 'src'), join(copy, 'src'), { recursive: true });
    });
    afterEach(async () => await rm(copy, { recursive: true }));

    async function change(file: string, from: string, to: string): Promise<void> {
      const path = join(copy, 'src/workflows', file);
      const text = await readFile(path, 'utf8');
      expect(text).toContain(from);
      await writeFile(path, text.replace(from, to));
    }

    test(
      'all of them fail when each workflow waits at its start',
      async () => {
        const nonCancellable = 'return await CancellationScope.nonCancellable(async () => {';
        for (const file of ['hosted-link-session.ts', 'token-exchange.ts']) {
          await change(file, nonCancellable, `${nonCancellable} await sleep('1s');`);
          await change(file, 'setHandler }', 'setHandler, sleep }');
        }
        // A session whose request is refused ends before all else.
        await change('session/input.ts', nonCancellable, `${nonCancellable} await sleep('1s');`);
        await change('session/input.ts', 'upsertSearchAttributes,', 'sleep, upsertSearchAttributes,');
        await change(
          'callback-delivery.ts',
          nonCancellable.replace('return ', ''),
          `${nonCancellable.replace('return ', '')} await sleep('1s');`,
        );
        await change('callback-delivery.ts', '  setHandler,', '  setHandler, sleep,');
        await change('item-removal.ts', '  await removal', "  await sleep('1s');\n  await removal");
        await change('item-removal.ts', 'import', "import { sleep } from '@temporalio/workflow';\nimport");
        await change('user-erasure.ts', '  await vault', "  await sleep('1s');\n  await vault");
        await change('user-erasure.ts', '{ ApplicationFailure,', '{ ApplicationFailure, sleep,');
        const failures = await failedReplays(recorded, await bundleOf(join(copy, 'src/workflows')));
        expect(failures.map(({ name }) => name)).toEqual(recorded.map(({ name }) => name));
        for (const { error } of failures) expect(error).toBeInstanceOf(DeterminismViolationError);
      },
      BUNDLE_MS,
    );

    test(
      'ended sessions fail when the last steps of a session change places',
      async () => {
        const last = '    await vault.endSession(key, state, workflowInfo().firstExecutionRunId);\n';
        const first = '    const { key, state, results, update, exchangeStarted } = this.view;\n';
        await change('session/session.ts', last, '');
        await change('session/session.ts', first, `${first}${last}`);
        const ended = recorded.filter(({ name }) => name === 'hostedLinkSession/completed');
        const failures = await failedReplays(ended, await bundleOf(join(copy, 'src/workflows')));
        expect(failures).toEqual([
          { name: 'hostedLinkSession/completed', error: expect.any(DeterminismViolationError) },
        ]);
      },
      BUNDLE_MS,
    );
  });
});

function isOf(workflowType: keyof typeof workflows): (recorded: RecordedHistory) => boolean {
  return (recorded) => recorded.workflowType === workflowType;
}

function find(recorded: RecordedHistory[], name: string): RecordedHistory {
  return recorded.find((one) => one.name === name)!;
}

function firstRunOf({ history }: RecordedHistory): string | null | undefined {
  return history.events![0]!.workflowExecutionStartedEventAttributes!.firstExecutionRunId;
}

function lastEvent({ history }: RecordedHistory) {
  return history.events!.at(-1)!;
}

/** All strings of a JSON value, and what those in base64 say. */
function* textsIn(json: unknown): Generator<string> {
  if (typeof json === 'string') yield* [json, Buffer.from(json, 'base64').toString('latin1')];
  else if (typeof json === 'object' && json !== null)
    for (const value of Object.values(json)) yield* textsIn(value);
}

async function bundleOf(workflowsFolder: string): Promise<WorkflowBundleWithSourceMap> {
  return await bundleWorkflowCode({
    workflowsPath: join(workflowsFolder, 'index.ts'),
    logger: new DefaultLogger('ERROR'),
  });
}

/** The histories that do not fit the workflows, and why. */
async function failedReplays(
  recorded: RecordedHistory[],
  workflowBundle: WorkflowBundleOption,
): Promise<{ name: string; error: Error }[]> {
  const options: ReplayWorkerOptions = { workflowBundle, dataConverter: RECORDING_CONVERTER };
  const histories = recorded.map(({ json, workflowId }) => ({ history: json, workflowId }));
  const failures: { name: string; error: Error }[] = [];
  let index = 0;
  for await (const { error } of Worker.runReplayHistories(options, histories)) {
    const { name } = recorded[index++]!;
    if (error) failures.push({ name, error });
  }
  expect(index).toBe(recorded.length);
  return failures;
}
