import { readSettings } from '../../../../src/config/settings';
import { checkPlaid } from '../../../../src/ops/doctor/plaid';
import { type Fault, type Sandbox, startSandbox } from '../../../../src/sandbox';

const SECRET = 'doctor-plaid-secret-1f0c';
const CLOSED: Fault = {
  kind: 'plaid_error',
  status: 400,
  errorType: 'INVALID_INPUT',
  errorCode: 'UNAUTHORIZED_ROUTE_ACCESS',
};

describe('what the doctor asks Plaid', () => {
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await startSandbox({ clientId: 'doctor', secret: SECRET });
  });
  afterEach(() => sandbox.close());

  const findings = async (settings: NodeJS.ProcessEnv = {}) =>
    await checkPlaid(
      readSettings({
        PLAID_BASE_URL: sandbox.url,
        PLAID_CLIENT_ID: 'doctor',
        PLAID_SECRET: SECRET,
        ...settings,
      }),
    );
  const levels = async (settings?: NodeJS.ProcessEnv) =>
    Object.fromEntries((await findings(settings)).map(({ check, level }) => [check, level]));

  it('tells that the keys are right and both Plaid flows open, and makes nothing', async () => {
    expect(await levels()).toEqual({
      'Plaid credentials': 'ok',
      'Plaid flow link_delivery': 'ok',
      'Plaid flow hosted_link': 'ok',
    });
    const { sessions, items } = sandbox.ledger().toJSON();
    expect({ sessions, items }).toEqual({ sessions: [], items: [] });
  });

  it('tells which Plaid flow is closed to the account, and what to use instead', async () => {
    sandbox.fault('/link_delivery/get', CLOSED);
    const [, linkDelivery, hostedLink] = await findings();
    expect(linkDelivery).toMatchObject({
      level: 'warning',
      message: 'closed to this account (UNAUTHORIZED_ROUTE_ACCESS)',
      remedy: expect.stringContaining('plaidFlow hosted_link'),
    });
    expect(hostedLink).toMatchObject({ level: 'ok' });
  });

  it('calls it a problem when both are', async () => {
    sandbox.fault('/link_delivery/get', CLOSED);
    sandbox.fault('/link/token/get', CLOSED);
    expect(await levels()).toEqual({
      'Plaid credentials': 'ok',
      'Plaid flow link_delivery': 'problem',
      'Plaid flow hosted_link': 'problem',
    });
  });

  it('tells wrong keys, without showing them', async () => {
    const found = await findings({ PLAID_SECRET: 'doctor-wrong-secret-77' });
    expect(found).toMatchObject([
      { check: 'Plaid credentials', level: 'problem', message: expect.stringContaining('INVALID_API_KEYS') },
    ]);
    expect(JSON.stringify(found)).not.toContain('doctor-wrong-secret-77');
  });

  it('tells keys that are not set', async () => {
    expect(await findings({ PLAID_SECRET: '' })).toMatchObject([
      { check: 'Plaid credentials', level: 'problem' },
    ]);
  });

  it('concludes nothing from answers that say nothing', async () => {
    sandbox.outage({ kind: 'html', status: 503 });
    expect(await levels()).toEqual({
      'Plaid flow link_delivery': 'problem',
      'Plaid flow hosted_link': 'problem',
    });
  });
});
