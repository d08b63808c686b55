import type { SessionView } from './messages';

/** What Web UI shows as the workflow's current details, in Markdown. Holds no token, URL, phone number or e-mail address. */
export function currentDetails({
  state,
  plaidStatus,
  changedAt,
  expiresAt,
  results,
  lastError,
  exitError,
  deliveryFailure,
  update,
}: SessionView): string {
  const lines = [
    `**${state}** since ${changedAt}`,
    `- Plaid says: ${plaidStatus ?? 'nothing yet'}`,
    `- results: ${results}`,
    ...(expiresAt === undefined ? [] : [`- expires: ${expiresAt}`]),
    ...(update === undefined ? [] : [`- mends item ${update.itemId}: ${update.mendedAt ?? 'not yet'}`]),
    ...(exitError === undefined ? [] : [`- the person left after: \`${exitError.type}\``]),
    ...(deliveryFailure === undefined
      ? []
      : [`- Plaid could not deliver the link (${deliveryFailure.method}): ${deliveryFailure.at}`]),
    ...(lastError === undefined ? [] : [`- last error: \`${lastError.type}\` (${lastError.message})`]),
  ];
  return lines.join('\n');
}
