import type { Bench, Reach, Row } from '../bench';
import { packageVersion } from '../machine';
import { alternate, compare, makeCalls, measureGrowth } from '../measure';
import { startBareTemporal } from '../baselines/bare-temporal';
import { startInMemoryService } from '../baselines/in-memory';
import type { SessionContender } from '../temporal/contender';
import { startOurs } from '../temporal/ours';
import { cpuMsOf } from '../temporal/process-use';
import { startBenchInfrastructure, type BenchInfrastructure } from '../temporal/infrastructure';
import { startVariant } from '../temporal/variant';

/** The sessions of a round, and how many are under way at any time: more at once do not end sooner. */
const SIZE = { full: { calls: 32, atOnce: 16 }, smoke: { calls: 4, atOnce: 4 } };

/** The growth takes 21 times its least work a round. */
const GROWTH = { full: { leastWork: 3, rounds: 1 }, smoke: { leastWork: 1, rounds: 1 } };

const NAMESPACES = { codec: 'without-codec', vault: 'without-vault' } as const;

type Contender = Pick<SessionContender, 'name' | 'workerPids' | 'start' | 'hint' | 'ended'>;

export const throughput: Bench = {
  name: 'throughput',
  what: 'complete sessions, from the start to the end of all that it leads to, as many as the machine can do at once, beside bare Temporal, a service in memory, and ours without its codec or its vault',
  async run({ scale, rounds, log }) {
    const infrastructure = await startBenchInfrastructure(log, Object.values(NAMESPACES));
    try {
      const [bare, inMemory, ours, noCodec, noVault] = await Promise.all([
        startBareTemporal(infrastructure),
        startInMemoryService(infrastructure),
        startOurs(infrastructure),
        startVariant(infrastructure, 'codec', NAMESPACES.codec),
        startVariant(infrastructure, 'vault', NAMESPACES.vault),
      ]);
      const size = SIZE[scale];
      log(`${size.calls} sessions a round, ${size.atOnce} at once`);
      const round = (contender: Contender) => () => runRound(infrastructure, contender, size);
      const measured = await alternate(
        {
          bare: round(bare),
          inMemory: round(inMemory),
          ours: round(ours),
          noCodec: round(noCodec),
          noVault: round(noVault),
        },
        { rounds },
      );
      const rows: Row[] = [];
      for (const { name, values, reach } of [
        { name: bare.name, values: measured.bare, reach: { op: '>=', value: 0.85 } as const },
        { name: inMemory.name, values: measured.inMemory },
        { name: noCodec.name, values: measured.noCodec },
        { name: noVault.name, values: measured.noVault },
      ]) {
        const row = (what: string, unit: string, figure: keyof typeof values, itsReach?: Reach) =>
          compare({
            what,
            unit,
            ours: measured.ours[figure],
            baseline: { name, values: values[figure] },
            ...(itsReach && { reach: itsReach }),
          });
        rows.push(
          row('complete sessions', 'sessions/s', 'perSecond', reach),
          row('worker', 'CPU ms a session', 'workerCpuMs'),
        );
        if (values !== measured.inMemory)
          rows.push(row('Temporal server', 'CPU ms a session', 'serverCpuMs'));
      }
      const { leastWork, rounds: growthRounds } = GROWTH[scale];
      log('growth');
      const growth = await measureGrowth(
        { name: 'throughput-growth', what: 'sessions', leastWork, rounds: Math.min(rounds, growthRounds) },
        async (calls) =>
          (await makeCalls({ ...size, calls }, () => runSession(infrastructure, ours))).seconds,
      );
      return {
        rows: [...rows, growth.row],
        plots: [growth.plot],
        versions: { '@temporalio/worker': packageVersion('@temporalio/worker') },
      };
    } finally {
      await infrastructure.close();
    }
  },
};

async function runRound(
  infrastructure: BenchInfrastructure,
  contender: Contender,
  size: { calls: number; atOnce: number },
) {
  const { workerPids } = contender;
  const workerBefore = cpuMsOf(workerPids);
  const serverBefore = cpuMsOf([infrastructure.serverPid]);
  const { seconds } = await makeCalls(size, () => runSession(infrastructure, contender));
  return {
    perSecond: size.calls / seconds,
    workerCpuMs: (cpuMsOf(workerPids) - workerBefore) / size.calls,
    serverCpuMs: (cpuMsOf([infrastructure.serverPid]) - serverBefore) / size.calls,
  };
}

async function runSession(infrastructure: BenchInfrastructure, contender: Contender): Promise<void> {
  const linkToken = infrastructure.sandbox.issueLinkToken();
  const id = await contender.start(linkToken);
  infrastructure.sandbox.session(linkToken).complete();
  await contender.hint(id);
  await contender.ended(id);
}
