import { readFileSync } from 'node:fs';
import { cpuSecondsOf } from '../measure';

/** The CPU milliseconds that some processes have used so far; 0 where there is no `/proc`. */
export function cpuMsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (cpuSecondsOf(pid) ?? 0) * 1_000, 0);
}

/** The memory of a process that is in RAM, in MiB; 0 where there is no `/proc`. */
export function residentMiB(pid: number): number {
  try {
    const kB = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kB ?? 0) / 1_024;
  } catch {
    return 0;
  }
}
