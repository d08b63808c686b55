import type { StartedSession, StatusReport } from '../client';

/** One JSON value on a line of its own. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** A started session for people. */
export function printStarted({ key, url, expiresAt }: StartedSession): void {
  process.stdout.write(`session ${key}\n  open:    ${url ?? '(sent by Plaid)'}\n  expires: ${expiresAt}\n`);
}

/** A session's status for people. */
export function printStatus(report: StatusReport): void {
  const { key, state, plaidStatus, changedAt, expiresAt, watch, items } = report;
  const { lastError, exitError, deliveryFailure, update } = report;
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
  process.stdout.write(`${lines.join('\n')}\n`);
}
