import { styleText } from 'node:util';
import type { StartedSession, StatusReport } from '../client';
import { HostedLinkError } from '../client/client-error';
import { InputError } from '../domain/input-error';
import { printable, printableJson } from '../secrets/printable';
import { redactText } from '../secrets/redact';
import { VaultError } from '../vault/vault-error';
import type { CommandError, CommandOutput } from './output';
import { eraseProgress } from './progress';

/** A state or level in a line: on a terminal, its colour says how good it is. */
export class Mark {
  constructor(readonly text: string) {}
}

/** A line for people. */
export type Line = string | readonly (string | Mark)[];

/** Lines for people. What stands in them may come from outside, so that none can be more than a line. */
export function printLines(lines: readonly Line[]): void {
  write(process.stdout, lines);
}

/** One JSON value on a line of its own, of the shape that the command has. */
export function printJson<Name extends keyof CommandOutput = never>(value: CommandOutput[Name]): void {
  writeJson(process.stdout, value);
}

/** What went wrong, on standard error, by the rules of {@link printLines}. It may be several lines. */
export function printError(text: string): void {
  write(process.stderr, text.trimEnd().split('\n'));
}

/** What a command failed with, on standard error: for people, or as JSON. */
export function printFailure(error: CommandError, json: boolean | undefined): void {
  if (json) writeJson(process.stderr, error);
  else printError(error.code === UNEXPECTED ? error.message : `${error.code}: ${error.message}`);
}

const UNEXPECTED = 'UNEXPECTED';

/** An error as a command tells it: one that is not ours is redacted. */
export function commandError(error: unknown): CommandError {
  if (error instanceof InputError) {
    const { code, field, remedy, message } = error;
    return { code, field, remedy, message };
  }
  if (error instanceof HostedLinkError)
    return { code: error.code, message: error.message, plaidError: error.plaidError };
  if (error instanceof VaultError) return { code: error.code, remedy: error.remedy, message: error.message };
  return { code: UNEXPECTED, message: redactText(String(error)) };
}

function writeJson(stream: NodeJS.WriteStream, value: unknown): void {
  eraseProgress();
  stream.write(`${printableJson(JSON.stringify(value))}\n`);
}

function write(stream: NodeJS.WriteStream, lines: readonly Line[]): void {
  eraseProgress();
  const shown = (part: string | Mark) => {
    if (typeof part === 'string') return printable(part);
    const colour = COLOURS[part.text.trim()];
    // It heeds whether the stream is a terminal, NO_COLOR and FORCE_COLOR.
    return colour ? styleText(colour, printable(part.text), { stream }) : printable(part.text);
  };
  stream.write(lines.map((line) => `${[line].flat().map(shown).join('')}\n`).join(''));
}

/** Of the states and levels that stand out: well ended, to be looked at, gone wrong. */
const COLOURS: Readonly<Record<string, 'green' | 'yellow' | 'red'>> = {
  ...{ COMPLETED: 'green', LINKED: 'green', DELIVERED: 'green', PRIMARY: 'green' },
  ...{ ok: 'green', mended: 'green' },
  ...{ EXPIRED: 'yellow', DUPLICATE: 'yellow', ERRORS: 'yellow', warning: 'yellow' },
  ...{ FAILED: 'red', UNCERTAIN: 'red', DELIVERY_UNCERTAIN: 'red', OPERATOR: 'red', GIVEN_UP: 'red' },
  ...{ MISSING: 'red', MISMATCH: 'red', ABSENT: 'red', problem: 'red', found: 'red' },
};

/** A started session for people. */
export function printStarted({ key, url, expiresAt }: StartedSession): void {
  printLines([`session ${key}`, `  open:    ${url ?? '(sent by Plaid)'}`, `  expires: ${expiresAt}`]);
}

/** A session's status for people. */
export function printStatus(report: StatusReport): void {
  const { key, state, plaidStatus, changedAt, expiresAt, watch, results } = report;
  const { lastError, exitError, deliveryFailure, update, nextStep, displayMessage } = report;
  const lines: Line[] = [[`session ${key}: `, new Mark(state)]];
  if (plaidStatus) lines.push(`  Plaid says: ${plaidStatus}`);
  if (changedAt) lines.push(`  since:      ${changedAt}`);
  if (expiresAt) lines.push(`  expires:    ${expiresAt}`);
  if (deliveryFailure)
    lines.push(`  delivery:   failed at ${deliveryFailure.at} (${deliveryFailure.method})`);
  if (watch?.nextPollAt) lines.push(`  next get:   ${watch.nextPollAt}`);
  if (exitError) lines.push(`  left after: ${exitError.type}`);
  if (lastError) lines.push(`  last error: ${lastError.message}`);
  if (update)
    lines.push(
      `  mends item: ${update.itemId}, ${update.healthyAt ? `done at ${update.healthyAt}` : 'not yet'}`,
    );
  for (const item of results) {
    const institution = item.institutionName ? ` at ${item.institutionName}` : '';
    const reason = item.errorCode ? ` (${item.errorCode})` : '';
    lines.push([
      '  item:       ',
      new Mark(item.state),
      `${item.itemId ? ` ${item.itemId}` : ''}${institution}${reason}`,
    ]);
  }
  lines.push(`  person:     ${nextStep}: ${displayMessage}`);
  printLines(lines);
}
