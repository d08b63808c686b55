import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../../testing/built';
import { environmentOf, interpolate, readCompose } from '../../testing/compose';
import { settingVariables } from '../../src/config/setting-schema';
import { readSettings } from '../../src/config/settings';
import { generateKeyRingText } from '../../src/secrets/key-ring';
import { programPath } from '../../testing/programs';

const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
const compose = readCompose();
const services = Object.entries(compose.services);
const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
/** What makes the logins of the vault's database; test/vault/roles.test.ts runs it. */
const logins = readFileSync(join(ROOT, 'docker/vault-logins.sh'), 'utf8');
const ours = services.filter(([, service]) => service.build !== undefined);

/** Fictitious values for the variables that have no default. */
const VARIABLES: Record<string, string> = {
  TEMPORAL_DB_PASSWORD: 'aa11',
  VAULT_DB_PASSWORD: 'bb22',
  VAULT_SETUP_PASSWORD: 'cc33',
  VAULT_WORKER_PASSWORD: 'dd44',
  VAULT_READER_PASSWORD: 'ee55',
  VAULT_RECEIVER_PASSWORD: 'ff66',
  GRAFANA_ADMIN_PASSWORD: 'gg77',
  PLAID_CLIENT_ID: 'fictitious-client-id',
  PLAID_SECRET: 'fictitious-plaid-secret',
  HOSTED_LINK_VAULT_KEYS: generateKeyRingText('v'),
  HOSTED_LINK_CODEC_KEYS: generateKeyRingText('c'),
};

describe('docker-compose.yml', () => {
  const reader = programPath('compose-reader');
  (reader === undefined ? describe.skip : describe)('as Docker Compose reads it', () => {
    // With the variables filled in: the program reads none.
    const read = (text: string) => {
      const folder = mkdtempSync(join(tmpdir(), 'hosted-link-compose-'));
      try {
        const file = join(folder, 'docker-compose.yml');
        writeFileSync(file, interpolate(text, VARIABLES));
        const args = ['--format', 'json', '--no-interpolation', '--no-path-resolution', file];
        return spawnSync(reader!, args, { encoding: 'utf8' });
      } finally {
        rmSync(folder, { recursive: true });
      }
    };

    it('follows the schema of Compose files', () => {
      const { status, stdout, stderr } = read(text);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const { services: found } = JSON.parse(stdout) as typeof compose;
      expect(Object.keys(found).sort()).toEqual(Object.keys(compose.services).sort());
    });

    it.each([
      ['a key that nobody knows', text.replace('restart:', 'restarts:'), /'restarts' not allowed/],
      [
        'a list for a time',
        text.replace('stop_grace_period: 60s', 'stop_grace_period: [60s]'),
        /must be a string/,
      ],
    ])('would be refused with %s', (_what, changed, reason) => {
      expect(read(changed)).toMatchObject({ status: 1, stderr: expect.stringMatching(reason) as string });
    });
  });

  it('has all of ours, both databases, Prometheus and Grafana beside Temporal and Web UI', () => {
    expect(Object.keys(compose.services).sort()).toEqual([
      'codec-server',
      'grafana',
      'prometheus',
      'setup',
      'temporal',
      'temporal-db',
      'temporal-namespace',
      'temporal-schema',
      'temporal-ui',
      'vault-db',
      'webhooks',
      'worker',
    ]);
  });

  it('asks for every secret, and has a default for none', () => {
    for (const [, { environment = {} }] of services) {
      for (const [name, value] of Object.entries(environment)) {
        if (!/SECRET|PASSWORD|PWD|KEYS|CLIENT_ID|DATABASE_URL/.test(name)) continue;
        expect(`${name}=${String(value)}`).toMatch(/\$\{\w+:\?[^}]+\}/);
      }
    }
    const asked = [...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name!);
    expect(new Set(asked)).toEqual(new Set(Object.keys(VARIABLES)));
  });

  it.each(ours)('gives %s only settings that exist, with values that are accepted', (_name, service) => {
    const environment = environmentOf(service, VARIABLES);
    const own = Object.keys(environment).filter((name) => name !== 'TEMPORAL_ADDRESS');
    expect(settingVariables()).toEqual(expect.arrayContaining(own));
    expect(() => readSettings(environment)).not.toThrow();
  });

  it('gives each service that reaches the vault a login with the rights of its part, and no other password', () => {
    const parts = { setup: 'setup', worker: 'worker', webhooks: 'receiver' };
    for (const [name, part] of Object.entries(parts)) {
      const { environment = {} } = compose.services[name]!;
      const url = new URL(interpolate(environment['DATABASE_URL'], VARIABLES));
      const password = VARIABLES[`VAULT_${part.toUpperCase()}_PASSWORD`];
      expect([url.username, url.password]).toEqual([`vault_${part}`, password]);
      expect(logins).toMatch(new RegExp(`CREATE ROLE vault_${part} LOGIN PASSWORD :'${part}_password'`));
      const asked = Object.values(environment).filter((value) => String(value).includes('VAULT_'));
      expect(asked).toHaveLength(name === 'worker' ? 2 : 1);
    }
    const withVault = ours.filter(([, { environment = {} }]) => 'HOSTED_LINK_VAULT_KEYS' in environment);
    expect(withVault.map(([name]) => name)).toEqual(['worker']);
  });

  it('is accepted in production as well, but for the codec server, which knows no callers', () => {
    for (const [name, service] of ours) {
      const env = { ...environmentOf(service, VARIABLES), PLAID_ENV: 'production' };
      expect(() => readSettings(env)).not.toThrow();
      if (name === 'codec-server')
        expect(() => readSettings(env, { needs: ['codecCallers'] })).toThrow(/^HOSTED_LINK_CODEC_TOKENS: /);
    }
  });

  it('gives images, and the scripts that run in them, only variables that they know', () => {
    const known = {
      temporal: [
        ...['DB', 'DB_PORT', 'POSTGRES_SEEDS', 'POSTGRES_USER', 'POSTGRES_PWD'],
        ...['SQL_MAX_CONNS', 'SQL_MAX_IDLE_CONNS', 'SQL_VIS_MAX_CONNS', 'SQL_VIS_MAX_IDLE_CONNS'],
        ...['BIND_ON_IP', 'DYNAMIC_CONFIG_FILE_PATH', 'PROMETHEUS_ENDPOINT'],
      ],
      'temporal-schema': ['SQL_HOST', 'SQL_PORT', 'SQL_USER', 'SQL_PASSWORD'],
      'temporal-namespace': ['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'NAMESPACE_RETENTION'],
      'temporal-ui': ['TEMPORAL_ADDRESS', 'TEMPORAL_CODEC_ENDPOINT'],
      'temporal-db': ['POSTGRES_USER', 'POSTGRES_PASSWORD'],
      prometheus: [],
      grafana: [
        ...['GF_PATHS_PROVISIONING', 'GF_SECURITY_ADMIN_PASSWORD', 'GF_USERS_ALLOW_SIGN_UP'],
        ...['GF_ANALYTICS_REPORTING_ENABLED', 'GF_ANALYTICS_CHECK_FOR_UPDATES'],
      ],
      'vault-db': [
        ...['POSTGRES_USER', 'POSTGRES_DB', 'POSTGRES_PASSWORD'],
        ...[...logins.matchAll(/VAULT_\w+/g)].map(([name]) => name),
      ],
    };
    const used = services.filter(([, { build }]) => build === undefined);
    expect(used.map(([name]) => name).sort()).toEqual(Object.keys(known).sort());
    for (const [name, { environment }] of used) {
      expect(known[name as keyof typeof known]).toEqual(
        expect.arrayContaining(Object.keys(environment ?? {})),
      );
    }
  });

  it('has Web UI and the codec server name each other', () => {
    const { 'temporal-ui': ui, 'codec-server': codec } = compose.services;
    const [, , codecAddress = '', , origin] = codec!.command!;
    const published = /^127\.0\.0\.1:(\d+):/.exec(ui!.ports![0]!)![1];
    expect(ui!.environment).toMatchObject({
      TEMPORAL_CODEC_ENDPOINT: `http://localhost:${codecAddress.split(':')[1]}`,
    });
    expect(origin).toBe(`http://localhost:${published}`);
  });

  it("lets the codec server listen on the host's loopback, and nowhere else", () => {
    expect(compose.services['codec-server']).toMatchObject({
      command: [
        'codec-server',
        '--address',
        expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        '--origin',
        expect.anything(),
      ],
      network_mode: 'host',
    });
    expect(services.filter(([, { network_mode }]) => network_mode !== undefined)).toHaveLength(1);
  });

  it('publishes ports on loopback only, and none of a database', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports).toHaveLength(5);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    for (const database of ['temporal-db', 'vault-db']) {
      expect(compose.services[database]!.ports).toBeUndefined();
    }
  });

  it('waits only for services that it has, in a way that they can fulfil', () => {
    for (const [, service] of services) {
      for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(Object.keys(compose.services)).toContain(name);
        if (condition === 'service_healthy')
          expect(compose.services[name]!.healthcheck?.test.length).toBeGreaterThan(1);
      }
      for (const network of service.networks ?? [])
        expect(['default', ...Object.keys(compose.networks)]).toContain(network);
      for (const volume of service.volumes ?? []) {
        const source = volume.split(':')[0]!;
        if (source.startsWith('./')) expect(existsSync(join(ROOT, source))).toBe(true);
        else expect(Object.keys(compose.volumes)).toContain(source);
      }
    }
  });

  it('pins every image to one release', () => {
    for (const [, { image }] of services) if (image) expect(image).toMatch(/:v?\d+\.\d+[\w.-]*$/);
  });

  it('runs two workers, each with more memory than its two threads may take for their heaps', () => {
    const { replicas, resources } = compose.services['worker']!.deploy!;
    const heapMiB = Number(/--max-old-space-size=(\d+)/.exec(dockerfile)![1]);
    expect(replicas).toBe(2);
    expect(Number(/^(\d+)M$/.exec(resources!.limits.memory)![1])).toBeGreaterThan(2 * heapMiB);
  });

  it('asks the health of whoever tells it, where it does', () => {
    for (const [name, { environment, healthcheck }] of ours) {
      const address = environment!['HOSTED_LINK_HEALTH_ADDRESS'] as string | undefined;
      expect([name, healthcheck?.test.join().includes(`http://${address}/readyz`)]).toEqual([
        name,
        healthcheck && address !== undefined,
      ]);
    }
    expect(ours.filter(([, { healthcheck }]) => healthcheck).map(([name]) => name)).toEqual([
      'codec-server',
      'worker',
      'webhooks',
    ]);
  });

  it('keeps the connections of the four services of Temporal below what PostgreSQL takes', () => {
    const { SQL_MAX_CONNS, SQL_VIS_MAX_CONNS } = compose.services['temporal']!.environment!;
    expect(4 * (Number(SQL_MAX_CONNS) + Number(SQL_VIS_MAX_CONNS))).toBeLessThan(100);
  });
});

describe('what Prometheus and Grafana are told', () => {
  const FOLDER = join(ROOT, 'deploy');
  interface Scrape {
    job_name: string;
    dns_sd_configs?: { names: string[]; port: number }[];
    static_configs?: { targets: string[] }[];
  }
  const prometheus = parse(readFileSync(join(FOLDER, 'prometheus/prometheus.yml'), 'utf8')) as {
    scrape_configs: Scrape[];
  };

  it('is where to find the metrics of each process that has some', () => {
    const asked = prometheus.scrape_configs.flatMap(({ dns_sd_configs = [], static_configs = [] }) => [
      ...dns_sd_configs.flatMap(({ names, port }) => names.map((name) => `${name}:${port}`)),
      ...static_configs.flatMap(({ targets }) => targets),
    ]);
    const served = services.flatMap(([name, { environment = {} }]) => {
      const address = (environment['HOSTED_LINK_METRICS_ADDRESS'] ?? environment['PROMETHEUS_ENDPOINT']) as
        string | undefined;
      return address === undefined ? [] : [address.replace('0.0.0.0', name)];
    });
    expect(served).toHaveLength(3);
    expect(asked.filter((target) => !target.startsWith('127.0.0.1:')).sort()).toEqual(served.sort());
  });

  const promtool = spawnSync('promtool', ['--version']).status === 0;
  (promtool || process.env['CI'] ? it : it.skip)('is what promtool takes', () => {
    const checked = (file: string) => spawnSync('promtool', ['check', 'config', file], { encoding: 'utf8' });
    expect(checked(join(FOLDER, 'prometheus/prometheus.yml'))).toMatchObject({ status: 0, stderr: '' });
  });

  it('has Grafana look for dashboards and data sources where they are mounted', () => {
    const { environment, volumes } = compose.services['grafana']!;
    const mounted = volumes!.find((volume) => volume.startsWith('./deploy/grafana:'))!.split(':')[1]!;
    expect(environment!['GF_PATHS_PROVISIONING']).toBe(`${mounted}/provisioning`);
    const file = readFileSync(join(FOLDER, 'grafana/provisioning/dashboards/hosted-link.yml'), 'utf8');
    const { providers } = parse(file) as { providers: { options: { path: string } }[] };
    expect(providers.map(({ options }) => options.path)).toEqual([`${mounted}/dashboards`]);
  });

  it('has Grafana ask the Prometheus beside it', () => {
    const file = readFileSync(join(FOLDER, 'grafana/provisioning/datasources/prometheus.yml'), 'utf8');
    const { datasources } = parse(file) as { datasources: { url: string }[] };
    const port = compose.services['prometheus']!.ports![0]!.split(':').at(-1);
    expect(datasources.map(({ url }) => url)).toEqual([`http://prometheus:${port}`]);
  });
});

describe('the Dockerfile', () => {
  const python = programPath('python-with-linters');
  (python === undefined ? it.skip : it)('is what hadolint asks for', () => {
    const lint = (input: string) =>
      spawnSync(join(dirname(python!), 'hadolint'), ['--no-color', '-'], { input, encoding: 'utf8' });
    expect(lint(dockerfile).stdout).toBe('');
    expect(lint(dockerfile.replace('USER 1000:1000', 'USER root')).stdout).toContain('DL3002');
  });

  it('copies only what is there and what .dockerignore lets through', () => {
    const letThrough = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, files]) =>
      files!.split(' '),
    );
    expect(copied).toEqual(expect.arrayContaining(['package-lock.json', 'src', 'bin', 'sql']));
    for (const file of copied) {
      expect(existsSync(join(ROOT, file))).toBe(true);
      expect(letThrough).toContain(`!${file}`);
    }
  });
});
