import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '..');

/** Where an advisory that this project lives with is explained: there its id makes an exception of it. */
const EXCEPTIONS = 'docs/decisions/0008-runtime-dependencies.md';

/** How a test harness says that it could not check: neither a success nor a failure. */
const SKIPPED = 77;

/** What a report of `npm audit --json` comes to. */
export interface AuditVerdict {
  outcome: 'CLEAN' | 'VULNERABLE' | 'UNCHECKED';
  /** For people. */
  lines: string[];
}

/** The parts that are read of npm's report, version 2, or of its error. */
interface NpmReport {
  auditReportVersion?: number;
  vulnerabilities?: Record<
    string,
    { severity: string; via: (string | { url: string; title: string; severity: string })[] }
  >;
  message?: string;
}

/**
 * Judges a report. Each advisory counts whose id is not in `exceptions`, a text that explains those that do not. Without a
 * report nothing was checked: not every registry answers audits.
 */
export function judgeAudit(json: string, exceptions: string): AuditVerdict {
  const report = parsed(json);
  if (report?.auditReportVersion !== 2 || !report.vulnerabilities) {
    const why = report?.message ?? 'npm gave no report';
    return {
      outcome: 'UNCHECKED',
      lines: ['NOT CHECKED for known vulnerabilities, since the registry does not answer audits:', why],
    };
  }
  const advisories = new Map(
    Object.entries(report.vulnerabilities).flatMap(([name, { via }]) =>
      via.flatMap((cause) =>
        typeof cause === 'string'
          ? []
          : [[cause.url, `${name}: ${cause.title} (${cause.severity}) ${cause.url}`]],
      ),
    ),
  );
  const isExplained = (url: string) => exceptions.includes(url.split('/').at(-1)!);
  const open = [...advisories].filter(([url]) => !isExplained(url)).map(([, line]) => line);
  const explained = advisories.size - open.length;
  const summary = `${open.length} known vulnerabilities in what runs, and ${explained} that ${EXCEPTIONS} explains`;
  return { outcome: open.length > 0 ? 'VULNERABLE' : 'CLEAN', lines: [...open, summary] };
}

function parsed(json: string): NpmReport | undefined {
  try {
    return JSON.parse(json) as NpmReport;
  } catch {
    return undefined;
  }
}

async function main(): Promise<void> {
  // What an image installs: what applications need of the package, and what its programs need besides.
  const folder = join(ROOT, '.cache/production');
  await promisify(execFile)(process.execPath, [join(ROOT, 'docker/production-manifest.js'), folder]);
  const report = await promisify(execFile)('npm', ['audit', '--omit=dev', '--json'], { cwd: folder }).catch(
    // npm exits with 1 both when it has found something and when it could not look.
    (error: Error & { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
  );
  const { outcome, lines } = judgeAudit(report.stdout, await readFile(join(ROOT, EXCEPTIONS), 'utf8'));
  process.stdout.write(`${lines.join('\n')}\n`);
  process.exitCode = { CLEAN: 0, VULNERABLE: 1, UNCHECKED: SKIPPED }[outcome];
}

if (require.main === module) void main();
