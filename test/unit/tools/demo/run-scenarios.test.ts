import { runScenarios } from '../../../../tools/demo/run-scenarios';
import type { Scenario } from '../../../../tools/demo/scenarios';
import type { Row, Screen } from '../../../../tools/demo/screen';
import type { HostedLinkClient } from '../../../../src/client';
import { startSandbox, type Sandbox } from '../../../../src/sandbox';

let sandbox: Sandbox;
beforeEach(async () => (sandbox = await startSandbox({ clientId: 'client', secret: 'sandbox-secret-1' })));
afterEach(async () => await sandbox.close());

/** A client whose sessions are made by the sandbox, and have ended as soon as they are asked for. */
function clientOf(sandbox: Sandbox): HostedLinkClient {
  const client: Pick<HostedLinkClient, 'start' | 'status' | 'waitForFinalStatus'> = {
    start: async ({ key = '', linkToken }) => {
      const answer = await fetch(`${sandbox.url}/link_delivery/create`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'plaid-client-id': 'client',
          'plaid-secret': 'sandbox-secret-1',
        },
        body: JSON.stringify({ link_token: linkToken }),
      });
      const { link_delivery_url: url } = (await answer.json()) as { link_delivery_url: string };
      return { key, workflowId: key, url, expiresAt: '' };
    },
    status: async () => ({ state: 'WAITING' }) as never,
    waitForFinalStatus: async () => ({ state: 'COMPLETED' }) as never,
  };
  return client as HostedLinkClient;
}

function scenario(name: string, script: Scenario['script'], rest: Partial<Scenario> = {}): Scenario {
  return {
    name,
    shows: `${name} runs`,
    request: (box) => ({ linkToken: box.issueLinkToken() }),
    script,
    end: { state: 'COMPLETED', statuses: ['CREATED', 'COMPLETED'], results: [] },
    ...rest,
  };
}

async function runAll(scenarios: Scenario[], signal = new AbortController().signal) {
  const rows: Row[] = [];
  const screen: Screen = { log: () => {}, show: (row) => rows.push(row), settle: () => {} };
  const context = {
    sandbox,
    client: clientOf(sandbox),
    screen,
    signal,
    killAndRestartWorker: async () => {},
  };
  const results = await runScenarios(scenarios, (name) => `demo-${name}`, context);
  return { results, rows };
}

it('starts every session, then runs the scenarios marked as first, then the others', async () => {
  const order: string[] = [];
  const record = (name: string) => async () => {
    order.push(`${name}, ${sandbox.ledger().toJSON().sessions.length} sessions`);
  };
  const { results } = await runAll([
    scenario('later', record('later')),
    scenario('first', record('first'), { runsFirst: true }),
  ]);
  expect(order).toEqual(['first, 2 sessions', 'later, 2 sessions']);
  expect(results.map(({ key, problem }) => ({ key, problem }))).toEqual([
    { key: 'demo-later', problem: undefined },
    { key: 'demo-first', problem: undefined },
  ]);
});

it('stops a session whose script fails, shows why, and runs the others to their end', async () => {
  const { results, rows } = await runAll([
    scenario('broken', async () => {
      throw new Error('the person stumbled');
    }),
    scenario('sound', async ({ person }) => person.complete()),
  ]);
  expect(results.map(({ problem }) => problem)).toEqual(['the person stumbled', undefined]);
  expect(rows.filter(({ name }) => name === 'broken').at(-1)?.note).toBe('STOPPED: the person stumbled');
  expect(rows.filter(({ name }) => name === 'sound').at(-1)?.note).toBe('ended');
});

it('returns a session that could not be started without an ID at Plaid', async () => {
  const { results } = await runAll([
    scenario('unstarted', async () => {}, {
      request: () => {
        throw new Error('no link token');
      },
    }),
  ]);
  expect(results).toMatchObject([{ plaidSessionId: undefined, problem: 'no link token' }]);
});

it('rejects with the reason of an interrupt', async () => {
  const controller = new AbortController();
  const waiting = scenario('waiting', async ({ until }) => {
    controller.abort(new Error('Ctrl-C'));
    await until('what never happens', () => false);
  });
  await expect(runAll([waiting], controller.signal)).rejects.toThrow('Ctrl-C');
});
