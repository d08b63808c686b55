import { readFile } from 'node:fs/promises';
import { temporal as proto } from '@temporalio/proto';
import type { Finding } from '../../src/ops/doctor';
import type { SessionSummary } from '../../src/client';
import { sessionWorkflowId } from '../../src/domain/ids';
import { until } from '../demo/until';
import { personOf, type Play } from './sessions';
import type { Part, Topology } from './topology';

/** How long a list may lag behind, in milliseconds. */
const LIST_TIMEOUT_MS = 20_000;

/** The page of Web UI, as docker-compose.yml names it to the codec server. */
const WEB_UI = 'http://localhost:8080';

/** A check of a part that is there for people, and what it found. */
export interface Check {
  name: string;
  /** What was seen, in a few words; `problem` is set when that is not enough. */
  saw: string;
  problem: boolean;
}

/** Looks at what people use to see how a deployment stands. */
export async function checkParts(topology: Topology, play: Play, signal: AbortSignal): Promise<Check[]> {
  return [
    await attempt('hosted-link doctor', () => askDoctor(topology)),
    await attempt('hosted-link list', () => listSessions(topology, play, signal)),
    await attempt('codec server', () => decodeInput(topology, play)),
    ...(await Promise.all(
      [play.left, topology.receiver].map((part) =>
        attempt(`health of ${part.name}`, () => askHealth(part.healthUrl!)),
      ),
    )),
    await attempt(`metrics of ${play.left.name}`, () => scrape(`${play.left.metricsUrl}/metrics`, OURS)),
    await attempt('metrics of Temporal', () => scrape(topology.temporalMetricsUrl, /^service_requests/m)),
    ...(await memoryOf([play.left, topology.receiver, topology.codecServer])),
  ];
}

async function attempt(name: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, saw: await look(), problem: false };
  } catch (error) {
    return { name, saw: error instanceof Error ? error.message : String(error), problem: true };
  }
}

/** It ends with a code above 0, and so with an error, when there is a problem. */
async function askDoctor({ run }: Topology): Promise<string> {
  const { findings } = JSON.parse(await run('worker', ['doctor', '--json'])) as { findings: Finding[] };
  const warnings = findings.filter(({ level }) => level === 'warning');
  const told = warnings.map(({ check }) => check).join(', ');
  return `${findings.length - warnings.length} ok, ${warnings.length} warnings${told && `: ${told}`}`;
}

/** Temporal's visibility, on PostgreSQL, is asked by each search attribute that the command filters by. */
async function listSessions({ run }: Topology, { sessions }: Play, signal: AbortSignal): Promise<string> {
  const wanted = (plaidFlow?: string) =>
    sessions
      .filter((session) => plaidFlow === undefined || session.plaidFlow === plaidFlow)
      .map(({ key }) => key);
  const someone = sessions.find(({ plaidFlow }) => plaidFlow === 'hosted_link')!;
  const filters: [args: string[], keys: string[]][] = [
    [[], wanted()],
    [['--state', 'completed'], wanted()],
    [['--state', 'waiting'], []],
    [['--plaid-flow', 'hosted_link'], wanted('hosted_link')],
    [['--user', personOf(someone.name)], [someone.key]],
  ];
  for (const [args, keys] of filters) {
    await until(
      `hosted-link list ${args.join(' ')} with ${keys.length} sessions`,
      async () => {
        const listed = JSON.parse(await run('application', ['list', '--json', ...args])) as SessionSummary[];
        return (
          listed
            .map(({ key }) => key)
            .sort()
            .join() === [...keys].sort().join()
        );
      },
      { timeoutMs: LIST_TIMEOUT_MS, signal },
    );
  }
  return `${filters.length} lists are right`;
}

/** As Web UI does: the input of a session, as Temporal keeps it, is decoded for a page of Web UI's origin, and for no other. */
async function decodeInput({ temporal, codecServer }: Topology, { sessions }: Play): Promise<string> {
  const history = await temporal.workflow.getHandle(sessionWorkflowId(sessions[0]!.key)).fetchHistory();
  const { Payloads } = proto.api.common.v1;
  const input = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input ?? {};
  const body = JSON.stringify(Payloads.toObject(Payloads.fromObject(input), { bytes: String }));
  const post = (origin: string) =>
    fetch(`${codecServer.url}/decode`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Origin: origin },
      body,
    });
  const answer = (await (await post(WEB_UI)).json()) as { payloads: { metadata: { encoding: string } }[] };
  const encodings = answer.payloads.map(({ metadata }) => atob(metadata.encoding));
  if (encodings.join() !== 'json/plain') throw new Error(`it gave ${encodings.join() || 'nothing'}`);
  const foreign = await post('http://localhost:1');
  if (foreign.ok) throw new Error('it answered a page of another origin');
  return "a session's input is decoded for Web UI, and for no other page";
}

/** The metrics that alerts and the dashboard are made of. */
const OURS = /^temporal_/m;

/** As the health checks of docker-compose.yml and the probes of Kubernetes do. */
async function askHealth(url: string): Promise<string> {
  const answers = await Promise.all(['/livez', '/readyz'].map((path) => fetch(url + path)));
  const refused = answers.find(({ ok }) => !ok);
  if (refused) throw new Error(`${refused.url} answered ${refused.status}`);
  return 'live and ready';
}

/** The most that each process had in memory at once. Told by Linux only. */
async function memoryOf(parts: readonly Part[]): Promise<Check[]> {
  const told = parts.map(async ({ name, pid }) => {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const peakKiB = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
    return peakKiB === undefined
      ? []
      : [
          {
            name: `memory of ${name}`,
            saw: `${Math.round(Number(peakKiB) / 1_024)} MiB at most`,
            problem: false,
          },
        ];
  });
  return (await Promise.all(told)).flat();
}

async function scrape(url: string, has: RegExp): Promise<string> {
  const text = await (await fetch(url)).text();
  if (!has.test(text)) throw new Error(`${url} has no ${has.source}`);
  return `${text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length} series`;
}
