import { text } from 'node:stream/consumers';
import type { HostedLinkClient } from '../../client';
import { loadVaultKeys } from '../../config/load-keys';
import { openVaultFromSettings } from '../../config/open-vault';
import { readSettings, requirePlaid } from '../../config/settings';
import { InputError } from '../../domain/input-error';
import { createPlaidClient } from '../../plaid/client';
import type { PlaidItem } from '../../plaid/plaid';
import { Secret } from '../../secrets/secret';
import { readSecretFile } from '../../secrets/secret-file';
import { type ResultRow, unknownResult, type Vault, VaultError } from '../../vault';
import type { ResolvedResult } from '../output';
import { Mark, printJson, printLines } from '../print';
import { runWithClient } from './connect';

const TOKEN_OPTION = '--access-token-file';

/** The options of `hosted-link results resolve`. */
export interface ResolveOptions {
  item?: boolean;
  removed?: boolean;
  accessTokenFile?: string;
  json?: boolean;
}

/** Resolves an uncertain result, and lets its exchange notify again. @throws InputError naming the option */
export async function resolveResult(
  resultId: string,
  { item, removed, accessTokenFile, json }: ResolveOptions,
): Promise<void> {
  if ([item === false, removed === true, accessTokenFile !== undefined].filter(Boolean).length !== 1)
    throw new InputError(
      '--no-item',
      'not the only answer, or none is given',
      `give exactly one of --no-item, --removed and ${TOKEN_OPTION}`,
    );
  const resolve = async (vault: Vault) => {
    if (accessTokenFile !== undefined)
      return await linkToken(vault, resultId, await readToken(accessTokenFile));
    return await vault.results.resolve(resultId, removed ? 'REMOVED' : 'NO_ITEM');
  };
  await runWithClient({ vault: true }, async (client) => {
    const resolved = await resolveAndNotify(client, resolve);
    if (json) printJson<'results resolve'>(resolved);
    else printResolved(resolved);
  });
}

/** Resolves a result, then lets its exchange tell of it. Safe to repeat. */
async function resolveAndNotify(
  client: HostedLinkClient,
  resolve: (vault: Vault) => Promise<ResultRow>,
): Promise<ResolvedResult> {
  const settings = readSettings();
  const vault = await openVaultFromSettings(settings, await loadVaultKeys(settings));
  let result: ResultRow;
  try {
    result = await resolve(vault);
  } finally {
    await vault.close();
  }
  return { result, told: await client.resumeExchange(result.sessionKey) };
}

function printResolved({ result, told }: ResolvedResult): void {
  const { resultId, state } = result;
  const item = result.itemId === undefined ? '' : ` with item ${result.itemId}`;
  const whom = told.length > 0 ? `told again: ${told.join(', ')}` : 'nobody is told: tell the application';
  printLines([[`result ${resultId} is `, new Mark(state), `${item}; ${whom}`]]);
}

/** Stores an access token that Plaid takes, as the end of an uncertain result. */
async function linkToken(vault: Vault, resultId: string, accessToken: Secret): Promise<ResultRow> {
  const result = await vault.results.get(resultId);
  if (!result) throw unknownResult(resultId);
  const plaid = createPlaidClient(requirePlaid(readSettings()));
  let item: PlaidItem;
  try {
    item = await plaid.itemGet(accessToken);
  } finally {
    await plaid.close();
  }
  if (result.state === 'LINKED' && result.itemId === item.itemId) return result;
  if (result.state !== 'UNCERTAIN') {
    throw new VaultError(
      'RESULT_NOT_UNCERTAIN',
      `result ${resultId} is ${result.state}`,
      'nothing is to be resolved',
    );
  }
  const known = await vault.items.get(item.itemId);
  if (known)
    throw new InputError(
      TOKEN_OPTION,
      `its item ${item.itemId} is stored already, of session ${known.sessionKey}`,
      'give the token of the item that the person linked',
    );
  if (result.institutionId && item.institutionId && result.institutionId !== item.institutionId) {
    throw new InputError(
      TOKEN_OPTION,
      `its item is at ${item.institutionId}, but the person linked ${result.institutionId}`,
      'give the token of the item that the person linked',
    );
  }
  await vault.results.link(resultId, { ...item, accessToken });
  return (await vault.results.get(resultId))!;
}

async function readToken(file: string): Promise<Secret> {
  const content = file === '-' ? await text(process.stdin) : readTokenFile(file);
  const token = content.trim();
  if (!/^access-[a-z]+-[A-Za-z0-9-]+$/.test(token))
    throw new InputError(TOKEN_OPTION, 'holds no access token', 'give the token and nothing else');
  return new Secret(token);
}

function readTokenFile(file: string): string {
  try {
    return readSecretFile(file, TOKEN_OPTION);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(
      TOKEN_OPTION,
      `no readable file (${(error as NodeJS.ErrnoException).code})`,
      'give the path of a file that this user may read',
    );
  }
}
