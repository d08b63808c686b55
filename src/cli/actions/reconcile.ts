import { loadVaultKeys } from '../../config/load-keys';
import { openVaultFromSettings } from '../../config/open-vault';
import { readSettingsFor, requirePlaid } from '../../config/settings';
import { InputError } from '../../domain/input-error';
import { type Discrepancy, PlaidPace, reconcile } from '../../ops/reconcile';
import { createPlaidClient } from '../../plaid/client';
import { plaidRateNow } from '../../worker/rates/plaid-rates';
import { EXIT_FAILURE } from '../exit-codes';
import { type Line, Mark, printJson, printLines } from '../print';
import { withProgress } from '../progress';
import { runWithClient } from './connect';

/** The options of `hosted-link reconcile`. */
export interface ReconcileOptions {
  fix?: boolean;
  endLost?: boolean;
  json?: boolean;
}

/** Compares vault, Temporal and Plaid, prints each discrepancy, and sets the exit code to 1 when there is one. */
export async function compareAll({
  fix = false,
  endLost = false,
  json = false,
}: ReconcileOptions): Promise<void> {
  if (endLost && !fix) throw new InputError('--end-lost', 'changes the vault', 'give it with --fix');
  const settings = readSettingsFor('codecKeys', 'vaultKeys', 'database', 'plaid');
  const plaid = createPlaidClient(requirePlaid(settings));
  const vault = await openVaultFromSettings(settings, await loadVaultKeys(settings));
  let found = 0;
  try {
    await runWithClient({ vault: false }, async (_client, temporal) => {
      const { environment, notifyPrefixes } = settings;
      const { namespace } = temporal.options;
      const pace = new PlaidPace(await plaidRateNow(temporal.connection, namespace, settings.plaidRate));
      const rules = { environment, notifyPrefixes };
      const context = { vault, temporal, plaid, pace, rules, fix, endLost };
      await withProgress(
        () => `comparing vault, Temporal and Plaid: ${found} found`,
        async () => {
          for await (const one of reconcile(context)) {
            found++;
            if (json) printJson<'reconcile'>(one);
            else printLines(linesOf(one));
          }
        },
      );
    });
  } finally {
    await plaid.close();
    await vault.close();
  }
  if (found > 0) process.exitCode = EXIT_FAILURE;
  else if (!json) printLines(['vault, Temporal and Plaid agree']);
}

function linesOf({ kind, message, remedy, repaired }: Discrepancy): Line[] {
  return [[new Mark(repaired ? 'mended' : 'found '), `  ${kind}  ${message}`], `        -> ${remedy}`];
}
