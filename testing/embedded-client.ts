/*
 * A process that uses the vault of another one. Arguments: the connection string, the key ring, and what to do:
 * `exchange <n>` records n large tokens one after the other, leases each and prints `right <count>`;
 * `stall` opens a transaction, prints `inside` and leaves it open.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { parseKeyRing } from '../src/secrets/key-ring';
import { Secret } from '../src/secrets/secret';
import { openVault, ringKeyProvider, type Vault } from '../src/vault';
import { Database } from '../src/vault/database/database';

/** Far more than a socket takes at once, so that one message arrives in several pieces. */
const TOKEN_BYTES = 100_000;

/** Records and leases `count` large tokens one after the other, and counts those that come back as they went in. */
export async function exchangeLargeTokens(vault: Vault, count: number): Promise<number> {
  const session = randomUUID();
  await vault.sessions.claim({
    key: session,
    plaidFlow: 'link_delivery',
    firstRunId: 'run',
    requestDigest: 'digest',
  });
  let right = 0;
  for (let done = 0; done < count; done++) {
    const token = new Secret(randomBytes(TOKEN_BYTES).toString('hex'));
    const rows = await vault.results.record(session, [{ kind: 'access_token', token }]);
    const { resultId, sessionKey } = rows.find((row) => row.state === 'PENDING')!;
    const acquired = await vault.results.acquire(resultId, 60_000);
    if (acquired.outcome !== 'LEASED') continue;
    const accessToken = acquired.token;
    await vault.results.link(resultId, { itemId: resultId, accessToken, requestId: 'request' });
    if (sessionKey === session && accessToken.reveal() === token.reveal()) right++;
  }
  return right;
}

async function main(): Promise<void> {
  const [databaseUrl, ring, task, count] = process.argv.slice(2);
  if (task === 'stall') {
    await new Database(databaseUrl!).transaction(async ({ query }) => {
      await query('LOCK TABLE hosted_link.sessions');
      process.stdout.write('inside\n');
      await new Promise((resolve) => process.stdin.once('end', resolve).resume());
    });
    return;
  }
  const vault = await openVault({
    databaseUrl: databaseUrl!,
    keys: ringKeyProvider(parseKeyRing(ring!, 'ring'), 'ring'),
    environment: 'sandbox',
  });
  const right = await exchangeLargeTokens(vault, Number(count));
  await vault.close();
  process.stdout.write(`right ${right}\n`);
}

if (require.main === module) void main();
