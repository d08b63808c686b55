import { createPlaidClient } from '../../src/plaid/client';
import { Secret } from '../../src/secrets/secret';
import { startAnsweringServer } from '../answering-server';
import type { Bench, Row } from '../bench';
import { packageVersion } from '../machine';
import { alternate, compare, makeCalls, measureGrowth } from '../measure';
import { bareUndici } from '../baselines/bare-undici';
import { officialClient } from '../baselines/official-client';

const CLIENT_ID = 'bench-client';
const PLAID_SECRET = 'bench-plaid-secret';
const SESSION_ID = '3f0c1d7e-0000-4000-8000-00000000a001';
const LINK_TOKEN = `link-sandbox-${SESSION_ID}`;

/** The answers that a session's gets have: one that waits, and one that a bank was connected in. */
const ANSWERS = {
  '/link_delivery/get': JSON.stringify({
    status: 'OPENED',
    created_at: '2030-05-01T12:00:00Z',
    access_tokens: null,
    item_ids: null,
    completed_at: null,
    request_id: 'B7qUEJlwQ9FFaI1',
  }),
  '/link/token/get': JSON.stringify({
    link_token: LINK_TOKEN,
    created_at: '2030-05-01T12:00:00Z',
    expiration: '2030-05-01T16:00:00Z',
    link_sessions: [
      {
        link_session_id: '356dbb28-7f98-44d1-8e6d-0cec580f3171',
        started_at: '2030-05-01T12:01:00Z',
        finished_at: '2030-05-01T12:03:00Z',
        results: {
          item_add_results: [
            {
              public_token: 'public-sandbox-b7a1c2d3-0000-4000-8000-00000000b001',
              accounts: [
                {
                  id: 'account-1',
                  name: 'Plaid Checking',
                  mask: '0000',
                  type: 'depository',
                  subtype: 'checking',
                },
                {
                  id: 'account-2',
                  name: 'Plaid Saving',
                  mask: '1111',
                  type: 'depository',
                  subtype: 'savings',
                },
              ],
              institution: { institution_id: 'ins_109508', name: 'First Platypus Bank' },
            },
          ],
        },
        events: ['OPEN', 'SELECT_INSTITUTION', 'SUBMIT_CREDENTIALS', 'TRANSITION_VIEW', 'HANDOFF'].map(
          (event_name, index) => ({
            event_id: `event-${index}`,
            event_metadata: {
              institution_id: 'ins_109508',
              view_name: 'CREDENTIAL',
              request_id: 'm8MDnv9okwxFNBV',
            },
            event_name,
            timestamp: '2030-05-01T12:02:00Z',
          }),
        ),
      },
    ],
    metadata: { client_name: 'Bench', country_codes: ['US'], initial_products: ['auth'], language: 'en' },
    request_id: 'u0ydFs493XjyTYn',
  }),
};

/** The calls of a round, and how many are under way at any time. */
const SIZE = { full: { calls: 4_000, atOnce: 20 }, smoke: { calls: 100, atOnce: 20 } };

/** What is called how, by each contender. */
interface Caller {
  linkDeliveryGet: () => Promise<unknown>;
  linkTokenGet: () => Promise<unknown>;
}

export const client: Bench = {
  name: 'client',
  what: 'our client of Plaid, bare undici.request, and the official npm client, calling the same server over HTTP',
  async run({ scale, rounds, log }) {
    const size = SIZE[scale];
    const server = await startAnsweringServer(ANSWERS);
    const plaid = createPlaidClient({
      clientId: CLIENT_ID,
      secret: new Secret(PLAID_SECRET),
      environment: 'sandbox',
      baseUrl: server.url,
    });
    const bare = bareUndici(server.url, CLIENT_ID, PLAID_SECRET);
    const official = officialClient(server.url, CLIENT_ID, PLAID_SECRET);
    const callers: Record<'ours' | 'undici' | 'plaid', Caller> = {
      ours: {
        linkDeliveryGet: () => plaid.linkDeliveryGet(SESSION_ID),
        linkTokenGet: () => plaid.linkTokenGet(LINK_TOKEN),
      },
      undici: {
        linkDeliveryGet: () => bare('/link_delivery/get', { link_delivery_session_id: SESSION_ID }),
        linkTokenGet: () => bare('/link/token/get', { link_token: LINK_TOKEN }),
      },
      plaid: {
        linkDeliveryGet: () => official.linkDeliveryGet({ link_delivery_session_id: SESSION_ID }),
        linkTokenGet: () => official.linkTokenGet({ link_token: LINK_TOKEN }),
      },
    };
    try {
      const rows: Row[] = [];
      for (const method of ['linkDeliveryGet', 'linkTokenGet'] as const) {
        log(`${method}: ${size.calls} calls a round, ${size.atOnce} at once`);
        const round = (caller: Caller) => async () => {
          const { seconds, cpuSeconds } = await makeCalls(size, caller[method]);
          return { rate: size.calls / seconds, cpuMicroseconds: (cpuSeconds * 1e6) / size.calls };
        };
        const {
          ours,
          undici,
          plaid: theirs,
        } = await alternate(
          { ours: round(callers.ours), undici: round(callers.undici), plaid: round(callers.plaid) },
          { rounds },
        );
        const rate = { what: method, unit: 'requests/s', ours: ours.rate };
        const cpu = { what: method, unit: 'CPU µs a call', ours: ours.cpuMicroseconds };
        rows.push(
          compare({
            ...rate,
            baseline: { name: 'undici', values: undici.rate },
            reach: { op: '>=', value: 0.85 },
          }),
          compare({
            ...rate,
            baseline: { name: 'plaid', values: theirs.rate },
            reach: { op: '>=', value: 4 },
          }),
          compare({ ...cpu, baseline: { name: 'undici', values: undici.cpuMicroseconds } }),
          compare({ ...cpu, baseline: { name: 'plaid', values: theirs.cpuMicroseconds } }),
        );
      }
      const { row, plot } = await measureGrowth(
        { name: 'client-growth', what: 'calls', leastWork: size.calls / 4, rounds },
        async (calls) => (await makeCalls({ ...size, calls }, callers.ours.linkDeliveryGet)).seconds,
      );
      const versions = Object.fromEntries(
        ['undici', 'plaid', 'axios'].map((name) => [name, packageVersion(name)]),
      );
      return { rows: [...rows, row], plots: [plot], versions };
    } finally {
      await plaid.close();
      await server.close();
    }
  },
};
