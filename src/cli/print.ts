import type { StartedSession, StatusReport } from '../client';
import { printable, printableJson } from '../printable';

/** Lines for people. What stands in them may come from outside, so that none can be more than a line. */
export function printLines(lines: readonly string[]): void {
  process.stdout.write(linesOf(lines));
}

/** One JSON value on a line of its own. */
export function printJson(value: unknown): void {
  process.stdout.write(`${printableJson(JSON.stringify(value))}\n`);
}

/** What went wrong, on standard error, by the rules of {@link printLines}. It may be several lines. */
export function printError(text: string): void {
  process.stderr.write(linesOf(text.trimEnd().split('\n')));
}

function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${printable(line)}\n`).join('');
}

/** A started session for people. */
export function printStarted({ key, url, expiresAt }: StartedSession): void {
  printLines([`session ${key}`, `  open:    ${url ?? '(sent by Plaid)'}`, `  expires: ${expiresAt}`]);
}

/** A session's status for people. */
export function printStatus(report: StatusReport): void {
  const { key, state, plaidStatus, changedAt, expiresAt, watch, items } = report;
  const { lastError, exitError, deliveryFailure, update, nextStep, displayMessage } = report;
  const lines = [`session ${key}: ${state}`];
  if (plaidStatus) lines.push(`  Plaid says: ${plaidStatus}`);
  if (changedAt) lines.push(`  since:      ${changedAt}`);
  if (expiresAt) lines.push(`  expires:    ${expiresAt}`);
  if (deliveryFailure)
    lines.push(`  delivery:   failed at ${deliveryFailure.at} (${deliveryFailure.method})`);
  if (watch?.nextGetAt) lines.push(`  next get:   ${watch.nextGetAt}`);
  if (exitError) lines.push(`  left after: ${exitError.type}`);
  if (lastError) lines.push(`  last error: ${lastError.message}`);
  if (update)
    lines.push(
      `  mends item: ${update.itemId}, ${update.mendedAt ? `done at ${update.mendedAt}` : 'not yet'}`,
    );
  for (const item of items) {
    const institution = item.institutionName ? ` at ${item.institutionName}` : '';
    const reason = item.errorCode ? ` (${item.errorCode})` : '';
    lines.push(`  item:       ${item.state} ${item.itemId ?? ''}${institution}${reason}`.trimEnd());
  }
  lines.push(`  person:     ${nextStep}: ${displayMessage}`);
  printLines(lines);
}
