import { readSettings, type Settings } from '../../config/settings';
import { InputError } from '../../domain/input-error';
import { type Finding, runChecks } from '../../ops/doctor';
import { EXIT_FAILURE } from '../exit-codes';
import { type Line, Mark, printJson, printLines } from '../print';
import { withProgress } from '../progress';

/** Runs all checks, prints what they found, and sets the exit code to 1 when something is a problem. */
export async function diagnose({ json }: { json?: boolean }): Promise<void> {
  const findings = await withProgress('asking Temporal, the database and Plaid', () =>
    runChecks(settingsOrProblem()),
  );
  const works = findings.every(({ level }) => level !== 'problem');
  if (json) printJson<'doctor'>({ ok: works, findings });
  else printLines(findings.flatMap((finding) => linesOf(finding, widthOf(findings))));
  if (!works) process.exitCode = EXIT_FAILURE;
}

/** Wrong settings are findings too. */
function settingsOrProblem(): Settings | InputError {
  try {
    return readSettings();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

function linesOf({ check, level, message, remedy }: Finding, width: number): Line[] {
  const line = [new Mark(level.padEnd('problem'.length)), `  ${check.padEnd(width)}  ${message}`];
  return remedy === undefined ? [line] : [line, `${' '.repeat('problem'.length + width + 4)}-> ${remedy}`];
}

function widthOf(findings: readonly Finding[]): number {
  return Math.max(...findings.map(({ check }) => check.length));
}
