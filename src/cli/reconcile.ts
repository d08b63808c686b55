import { Command } from 'commander';
import { readSettingsFor, requirePlaid } from '../config';
import { InputError } from '../input-error';
import { loadVaultKeys } from '../keys';
import { openVaultFromSettings } from '../open-vault';
import { createPlaidClient } from '../plaid/client';
import { plaidRateNow } from '../rates/plaid-rates';
import { type Discrepancy, PlaidPace, reconcile } from '../reconcile';
import { printJson, printLines } from './print';
import { withClient } from './with-client';

/** What the command exits with when it found something, mended or not. */
const EXIT_FOUND = 1;

interface ReconcileOptions {
  fix?: boolean;
  endLost?: boolean;
  json?: boolean;
}

/** `hosted-link reconcile`: after a restore, finds what vault, Temporal and Plaid do not agree on. */
export function reconcileCommand(): Command {
  return new Command('reconcile')
    .description('after a restore: hold vault, Temporal and Plaid against each other, and say what to do')
    .option('--fix', 'mend what is safe to mend; without it, nothing is changed')
    .option('--end-lost', 'with --fix: also end sessions as FAILED that Temporal does not know')
    .option('--json', 'print a line of JSON for each: {kind, message, remedy, mended, and what it is about}')
    .action(async ({ fix = false, endLost = false, json = false }: ReconcileOptions) => {
      if (endLost && !fix) throw new InputError('--end-lost', 'changes the vault; give it with --fix');
      const settings = readSettingsFor('codecKeys', 'vaultKeys', 'database', 'plaid');
      const plaid = createPlaidClient(requirePlaid(settings));
      const vault = await openVaultFromSettings(settings, await loadVaultKeys(settings));
      let found = 0;
      try {
        await withClient({ vault: false }, async (_client, temporal) => {
          const { environment, notifyPrefixes } = settings;
          const { namespace } = temporal.options;
          const pace = new PlaidPace(await plaidRateNow(temporal.connection, namespace, settings.plaidRate));
          const rules = { environment, notifyPrefixes };
          for await (const one of reconcile({ vault, temporal, plaid, pace, rules, fix, endLost })) {
            found++;
            if (json) printJson(one);
            else printLines(linesOf(one));
          }
        });
      } finally {
        await plaid.close();
        await vault.close();
      }
      if (found > 0) process.exitCode = EXIT_FOUND;
      else if (!json) printLines(['vault, Temporal and Plaid agree']);
    });
}

function linesOf({ kind, message, remedy, mended }: Discrepancy): string[] {
  return [`${mended ? 'mended' : 'found '}  ${kind}  ${message}`, `        -> ${remedy}`];
}
