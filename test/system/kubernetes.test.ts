import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { version } from '../../package.json';
import { settingVariables } from '../../src/config/setting-schema';
import { readSettings } from '../../src/config/settings';
import { generateKeyRingText } from '../../src/secrets/key-ring';
import type { Capability } from '../../src/config/required';
import { programPath } from '../../testing/programs';

const ROOT = join(__dirname, '../..');
const FOLDER = join(ROOT, 'deploy/kubernetes');
/** Where secrets are mounted. */
const MOUNT = '/run/secrets/hosted-link';
const KUSTOMIZATION = 'kustomization.yaml';

interface Container {
  name: string;
  args: string[];
  env: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
  ports?: { name: string; containerPort: number }[];
  resources: { limits: { memory: string } };
  securityContext: unknown;
  startupProbe?: Probe;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
}

interface Probe {
  httpGet?: { path: string; port: string };
  tcpSocket?: { port: string };
}

interface PodSpec {
  terminationGracePeriodSeconds?: number;
  automountServiceAccountToken: boolean;
  securityContext: Record<string, unknown>;
  containers: [Container];
  volumes: { secret?: { secretName: string; defaultMode: number } }[];
}

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  data?: Record<string, string>;
  spec: {
    selector: Record<string, unknown>;
    template: { metadata: { labels: Record<string, string> }; spec: PodSpec };
    ports: { targetPort: string }[];
    replicas: number;
  };
}

const files = readdirSync(FOLDER);
// As Kubernetes reads them: 0440 is octal there.
const manifests = files
  .filter((file) => file !== KUSTOMIZATION)
  .flatMap((file) =>
    parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8'), { version: '1.1' }).map(
      (document) => document.toJS() as Manifest,
    ),
  );
const shared = manifests.find(({ kind }) => kind === 'ConfigMap')!.data!;
const pods = manifests
  .filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
  .map((manifest) => {
    const { spec } = manifest.spec.template;
    return [spec.containers[0].name, { manifest, pod: spec, container: spec.containers[0] }] as const;
  });
const deployments = pods.filter(([, { manifest }]) => manifest.kind === 'Deployment');
const podOf = (name: string) => pods.find(([one]) => one === name)![1];
const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');

/** What each command asks of its settings. */
const NEEDS: Record<string, readonly Capability[]> = {
  setup: ['database'],
  worker: ['plaid', 'database', 'vaultKeys', 'codecKeys'],
  webhooks: ['plaid', 'database', 'codecKeys'],
  'codec-server': ['codecKeys', 'codecCallers'],
};

/** Fictitious contents of the mounted files. */
const SECRETS: Record<string, string> = {
  'plaid-client-id': 'fictitious-client-id',
  'plaid-secret': 'fictitious-plaid-secret',
  'database-url': 'postgresql://app:fictitious-password@db.example:5432/vault',
  'vault-keys': generateKeyRingText('v'),
  'codec-keys': generateKeyRingText('c'),
  'codec-tokens': `on-call:${'fictitious-'.repeat(4)}`,
};

/** The keys of a secret that a process uses. */
function keysOf({ env }: Container): string[] {
  return env.flatMap(({ value, valueFrom }) => {
    if (valueFrom) return [valueFrom.secretKeyRef.key];
    return value?.startsWith(`${MOUNT}/`) ? [value.slice(MOUNT.length + 1)] : [];
  });
}

describe('the manifests for Kubernetes', () => {
  const python = programPath('python-with-linters');
  const describeWithSchemas = python === undefined ? describe.skip : describe;
  describeWithSchemas('by the schemas of Kubernetes', () => {
    const validate = (...paths: string[]) =>
      spawnSync(python!, [join(dirname(python!), 'kubernetes-validate'), '--strict', '--quiet', ...paths], {
        encoding: 'utf8',
      });

    it('are what it takes, with nothing that it does not know', () => {
      const paths = files.filter((file) => file !== KUSTOMIZATION).map((file) => join(FOLDER, file));
      const { status, stdout, stderr } = validate(...paths);
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
    });

    it('would be refused with a field that nobody knows', () => {
      const folder = mkdtempSync(join(tmpdir(), 'hosted-link-kubernetes-'));
      try {
        const file = join(folder, 'worker.yaml');
        const worker = readFileSync(join(FOLDER, 'worker.yaml'), 'utf8');
        writeFileSync(file, worker.replace('terminationGracePeriodSeconds', 'terminationGraceSeconds'));
        const { status, stdout, stderr } = validate(file);
        expect(status).not.toBe(0);
        expect(stdout + stderr).toContain('terminationGraceSeconds');
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });

  it('are all applied, in the namespace that they name, with the image of this release', () => {
    const { resources, namespace, images } = parse(readFileSync(join(FOLDER, KUSTOMIZATION), 'utf8')) as {
      resources: string[];
      namespace: string;
      images: { name: string; newTag: string }[];
    };
    expect([...resources, KUSTOMIZATION].sort()).toEqual([...files].sort());
    for (const { kind, metadata } of manifests)
      if (kind !== 'Namespace') expect(metadata.namespace).toBe(namespace);
    expect(images).toMatchObject([{ name: 'hosted-link', newTag: version }]);
  });

  it.each(pods)(
    'gives %s settings that exist, and that production has nothing against',
    (name, { container }) => {
      const folder = mkdtempSync(join(tmpdir(), 'hosted-link-kubernetes-'));
      try {
        for (const [key, text] of Object.entries(SECRETS))
          writeFileSync(join(folder, key), text, { mode: 0o600 });
        const own = container.env.map(({ name: setting, value, valueFrom }) => [
          setting,
          valueFrom ? SECRETS[valueFrom.secretKeyRef.key]! : value!.replace(MOUNT, folder),
        ]);
        const env = { ...shared, ...Object.fromEntries(own) } as Record<string, string>;
        expect(env['PLAID_ENV']).toBe('production');
        expect(() => readSettings(env, { needs: NEEDS[name]! })).not.toThrow();
        const known = settingVariables().flatMap((variable) => [variable, `${variable}_FILE`]);
        const given = Object.keys(env).filter((variable) => !variable.startsWith('TEMPORAL_'));
        expect(known).toEqual(expect.arrayContaining(given));
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  it.each(pods)(
    'lets %s have only its own secrets, as files that its user alone can read',
    (name, { pod, container }) => {
      const secrets = pod.volumes.flatMap(({ secret }) => secret ?? []);
      expect(secrets).toEqual([{ secretName: `hosted-link-${name}`, defaultMode: 0o440 }]);
      for (const { valueFrom } of container.env)
        if (valueFrom) expect(valueFrom.secretKeyRef.name).toBe(`hosted-link-${name}`);
      expect(keysOf(container).every((key) => key in SECRETS)).toBe(true);
    },
  );

  it.each(pods)(
    'runs %s as the user of the image, with no right that it does not need',
    (_name, { pod, container }) => {
      const user = Number(/^USER (\d+):\1$/m.exec(dockerfile)![1]);
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.securityContext).toEqual({
        runAsNonRoot: true,
        runAsUser: user,
        runAsGroup: user,
        fsGroup: user,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    },
  );

  it('keeps a worker longer than it takes to stop', () => {
    const source = readFileSync(join(ROOT, 'src/worker/session-workers.ts'), 'utf8');
    const forceMs = Number(/SHUTDOWN_FORCE_MS = ([\d_]+);/.exec(source)![1]!.replaceAll('_', ''));
    expect(podOf('worker').pod.terminationGracePeriodSeconds! * 1_000).toBeGreaterThanOrEqual(
      forceMs + 10_000,
    );
  });

  it('gives a worker more memory than its two threads may take for their heaps, and the others more than one', () => {
    const heapMiB = Number(/--max-old-space-size=(\d+)/.exec(dockerfile)![1]);
    for (const [name, { container }] of deployments) {
      const limitMiB = Number(/^(\d+)Mi$/.exec(container.resources.limits.memory)![1]);
      expect(limitMiB).toBeGreaterThan((name === 'worker' ? 2 : 1) * heapMiB);
    }
  });

  it.each(deployments)('asks %s how it is where it listens', (_name, { container }) => {
    const ports = new Map(container.ports!.map(({ name, containerPort }) => [name, containerPort]));
    const settings = new Map(container.env.map(({ name, value }) => [name, value]));
    for (const [port, setting] of [
      ['health', 'HOSTED_LINK_HEALTH_ADDRESS'],
      ['metrics', 'HOSTED_LINK_METRICS_ADDRESS'],
    ] as const)
      expect(settings.get(setting)).toBe(ports.has(port) ? `0.0.0.0:${ports.get(port)}` : undefined);
    const { startupProbe, livenessProbe, readinessProbe } = container;
    expect(livenessProbe!.httpGet?.path ?? '/livez').toBe('/livez');
    expect(readinessProbe!.httpGet?.path ?? '/readyz').toBe('/readyz');
    for (const probe of [startupProbe, livenessProbe, readinessProbe])
      if (probe) expect([...ports.keys()]).toContain((probe.httpGet ?? probe.tcpSocket)!.port);
    const given = container.args.indexOf('--address');
    if (given !== -1)
      expect([...ports.values()].map((port) => `0.0.0.0:${port}`)).toContain(container.args[given + 1]);
  });

  it('sends what comes for a Service to a port that its pods have', () => {
    for (const { metadata, spec } of manifests.filter(({ kind }) => kind === 'Service')) {
      const { manifest, container } = podOf(metadata.name.replace('hosted-link-', ''));
      expect(manifest.spec.template.metadata.labels).toMatchObject(spec.selector);
      for (const { targetPort } of spec.ports)
        expect(container.ports!.map(({ name }) => name)).toContain(targetPort);
    }
  });

  it('has a Deployment of workers for each release, whose version is that of the Worker Deployment', () => {
    const { manifest, container } = podOf('worker');
    const settings = new Map(container.env.map(({ name, value }) => [name, value]));
    const suffix = version.replaceAll('.', '-');
    expect(settings.get('TEMPORAL_WORKER_BUILD_ID')).toBe(version);
    expect(manifest.metadata.name).toBe(`hosted-link-worker-${suffix}`);
    expect(manifest.spec.selector).toEqual({ matchLabels: manifest.spec.template.metadata.labels });
    expect(manifest.spec.template.metadata.labels['app.kubernetes.io/version']).toBe(version);
    expect(manifest.spec.replicas).toBe(2);
    expect(podOf('setup').manifest.metadata.name).toBe(`hosted-link-setup-${suffix}`);
  });

  it.each(pods)('has docs/deploy.md make the secret of %s with all of its keys', (name, { container }) => {
    const docs = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8').replaceAll('\\\n', ' ');
    const command = new RegExp(`^ *kubectl .*create secret generic hosted-link-${name} (.*)$`, 'm').exec(
      docs,
    );
    const keys = [...(command?.[1] ?? '').matchAll(/--from-file=(\S+)/g)].map(([, key]) => key);
    expect(keys.sort()).toEqual(keysOf(container).sort());
  });
});
