import { Command } from 'commander';
import { readSettings, type Settings } from '../config/settings';
import { runChecks, type Finding } from '../ops/doctor';
import { InputError } from '../domain/input-error';
import { examples } from './examples';
import { EXIT_FAILURE } from './exit-codes';
import { type Line, Mark, printJson, printLines } from './print';
import { withProgress } from './progress';

/** `hosted-link doctor`: looks at all that a worker depends on, and says what to do about it. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check Temporal, the database, keys, Plaid and clocks, and say what to do; changes nothing')
    .option('--json', 'print an object')
    .addHelpText('after', examples('hosted-link doctor', 'hosted-link doctor --json'))
    .action(async ({ json }: { json?: boolean }) => {
      const findings = await withProgress('asking Temporal, the database and Plaid', () =>
        runChecks(settingsOrProblem()),
      );
      const works = findings.every(({ level }) => level !== 'problem');
      if (json) printJson<'doctor'>({ ok: works, findings });
      else printLines(findings.flatMap((finding) => linesOf(finding, widthOf(findings))));
      if (!works) process.exitCode = EXIT_FAILURE;
    });
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
