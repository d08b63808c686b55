import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** The ids of the processes of this user that have the variable in their environment. */
export async function processesWith(variable: string): Promise<number[]> {
  if (process.platform !== 'linux') return await listedWith(variable);
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const environments = await Promise.all(
    // Gone meanwhile, or another user's.
    ids.map((id) => readFile(`/proc/${id}/environ`, 'latin1').catch(() => '')),
  );
  return ids.filter((_, index) =>
    environments[index]!.split('\0').some((entry) => entry.startsWith(`${variable}=`)),
  );
}

async function listedWith(variable: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['xeww', '-o', 'pid=,command='], { maxBuffer: 2 ** 26 });
  const lines = stdout.split('\n').filter((line) => line.includes(`${variable}=`));
  return lines.map((line) => Number.parseInt(line, 10));
}
