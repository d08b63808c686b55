import { Command } from 'commander';
import { readSettingsFor, requirePlaid } from '../config/settings';
import { InputError } from '../domain/input-error';
import { loadVaultKeys } from '../config/load-keys';
import { openVaultFromSettings } from '../config/open-vault';
import { createPlaidClient } from '../plaid/client';
import { plaidRateNow } from '../worker/rates/plaid-rates';
import { type Discrepancy, PlaidPace, reconcile } from '../ops/reconcile';
import { examples } from './examples';
import { EXIT_FAILURE } from './exit-codes';
import { type Line, Mark, printJson, printLines } from './print';
import { withProgress } from './progress';
import { withClient } from './with-client';

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
    .option('--json', 'print an object for each, a line each')
    .addHelpText('after', examples('hosted-link reconcile', 'hosted-link reconcile --fix --json'))
    .action(async ({ fix = false, endLost = false, json = false }: ReconcileOptions) => {
      if (endLost && !fix) throw new InputError('--end-lost', 'changes the vault', 'give it with --fix');
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
    });
}

function linesOf({ kind, message, remedy, mended }: Discrepancy): Line[] {
  return [[new Mark(mended ? 'mended' : 'found '), `  ${kind}  ${message}`], `        -> ${remedy}`];
}
