import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../../../src/ops/doctor';
import { type CommandDeployment, startCommandDeployment } from '../../../testing/deployment';
import type { HostedLinkCommands } from '../../../testing/hosted-link';
import { describeWithDevServer, devServer } from '../../../testing/temporal';

const MINUTE_MS = 60_000;
const SECRET = 'doctor_plaid_secret_5d21';

describeWithDevServer('hosted-link doctor', () => {
  const server = devServer();
  let deployment: CommandDeployment;
  let folder: string;
  let commands: HostedLinkCommands;

  beforeAll(async () => {
    deployment = await startCommandDeployment(server.address, { clientId: 'doctor', secret: SECRET });
    ({ folder, commands } = deployment);
    await commands.worker();
  }, 2 * MINUTE_MS);

  afterAll(async () => await deployment?.close(), MINUTE_MS);

  it(
    'finds a deployment that runs well, a line each, and shows no secret',
    async () => {
      const { code, stdout, stderr } = await commands.run(['doctor']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const found = stdout.trimEnd().split('\n');
      expect(found.filter((line) => !line.startsWith('ok '))).toEqual([]);
      expect(found.map((line) => line.slice('problem'.length).trim().split(/ {2,}/)[0])).toEqual(
        expect.arrayContaining([
          'settings',
          'Temporal',
          'search attributes',
          'workers',
          'vault keys',
          'codec keys',
          'database',
          "database's clock",
          'keys of the vault',
          'Plaid credentials',
          'Plaid flow link_delivery',
          'Plaid flow hosted_link',
          "Plaid's clock",
          'item webhooks',
          'callbacks',
          'TLS to Plaid',
          'TLS to Temporal',
        ]),
      );
      const keys = await readFile(join(folder, 'data/keys.json'), 'utf8');
      const secrets = [SECRET, ...[...keys.matchAll(/:([A-Za-z0-9+/]{43}=)/g)].map(([, key]) => key!)];
      expect(secrets).toHaveLength(3);
      for (const secret of secrets) expect(stdout).not.toContain(secret);
    },
    MINUTE_MS,
  );

  it(
    'exits with 1 for a problem, says what to do, and goes on with the other checks',
    async () => {
      const { code, stdout } = await commands.run(['doctor', '--json'], {
        TEMPORAL_ADDRESS: '127.0.0.1:1',
        PLAID_SECRET: 'doctor_wrong_secret_9e',
      });
      expect(code).toBe(1);
      expect(stdout).not.toContain('doctor_wrong_secret_9e');
      const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
      expect(ok).toBe(false);
      expect(findings.filter(({ level }) => level === 'problem')).toEqual([
        expect.objectContaining({ check: 'Temporal', remedy: expect.stringContaining('TEMPORAL_ADDRESS') }),
        expect.objectContaining({
          check: 'Plaid credentials',
          remedy: expect.stringContaining('PLAID_SECRET'),
        }),
      ]);
      expect(findings).toContainEqual(expect.objectContaining({ check: 'database', level: 'ok' }));
    },
    MINUTE_MS,
  );

  it(
    'shows nothing of a database URL that cannot be read',
    async () => {
      const { code, stdout, stderr } = await commands.run(['doctor'], {
        DATABASE_URL: 'postgresql://somebody:hidden@db.example:99999/vault',
      });
      expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
      expect(stdout).toMatch(/^problem {2}database +DATABASE_URL: .* malformed/m);
      expect(stdout).not.toContain('hidden');
    },
    MINUTE_MS,
  );

  it(
    'names every setting that is wrong',
    async () => {
      const { code, stdout } = await commands.run(['doctor'], { PLAID_ENV: 'moon', LOG_LEVEL: 'loud' });
      expect(code).toBe(1);
      expect(stdout).toMatch(
        /^problem {2}settings {2}PLAID_ENV: .*\n +-> .*\nproblem {2}settings {2}LOG_LEVEL: .*\n +-> .*\n$/,
      );
    },
    MINUTE_MS,
  );
});
