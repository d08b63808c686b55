import { Command } from 'commander';
import { readSettings, type Settings } from '../config';
import { examine, type Finding } from '../doctor';
import { InputError } from '../input-error';
import { printJson, printLines } from './print';

/** What the command exits with when something cannot work. */
const EXIT_PROBLEM = 1;

/** `hosted-link doctor`: looks at all that a worker depends on, and says what to do about it. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check Temporal, the database, keys, Plaid and clocks, and say what to do; changes nothing')
    .option('--json', 'print {ok, findings: [{check, level, message, remedy}]}')
    .action(async ({ json }: { json?: boolean }) => {
      const findings = await examine(settingsOrProblem());
      const works = findings.every(({ level }) => level !== 'problem');
      if (json) printJson({ ok: works, findings });
      else printLines(findings.flatMap((finding) => linesOf(finding, widthOf(findings))));
      if (!works) process.exitCode = EXIT_PROBLEM;
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

function linesOf({ check, level, message, remedy }: Finding, width: number): string[] {
  const line = `${level.padEnd('problem'.length)}  ${check.padEnd(width)}  ${message}`;
  return remedy === undefined ? [line] : [line, `${' '.repeat('problem'.length + width + 4)}-> ${remedy}`];
}

function widthOf(findings: readonly Finding[]): number {
  return Math.max(...findings.map(({ check }) => check.length));
}
