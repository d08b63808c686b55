import type { StatusReport } from '../../src/client';
import { pollStatus } from './poll-status';
import { itemLine } from './report';
import type { Screen } from './screen';
import type { DemoDeployment } from './deployment';

const NAME = 'yours';

/**
 * Starts one more session, which a person can finish in a browser, and shows its status until the signal. Hints when the
 * person has done something, as an application does when the person comes back to it.
 */
export async function runInteractiveSession(
  deployment: DemoDeployment,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const { client, sandbox, withVault, keyOf } = deployment;
  const key = keyOf(NAME);
  const linkToken = sandbox.issueLinkToken();
  const { url } = await client.start({ key, linkToken });
  screen.log('One more session is yours. Open its link in a browser and sign in with user_good / pass_good:');
  screen.log(`  ${url}`);
  screen.log('Ctrl-C ends the demo.');
  const person = sandbox.session(linkToken);
  let seenStatus = person.status;
  let inVault = false;
  const show = (report: StatusReport) => {
    if (person.status !== seenStatus) {
      seenStatus = person.status;
      client.checkNow(key).catch(() => undefined);
    }
    if (!inVault && report.results.some(({ state }) => state === 'LINKED')) {
      inVault = true;
      withVault((vault) => vault.items.list({ sessionKey: key })).then(
        (items) => items.forEach((item) => screen.log(itemLine(item))),
        (error: unknown) => screen.log(`The vault could not be read: ${String(error)}`),
      );
    }
    screen.show({ name: NAME, report, note: inVault ? 'the access token is in the vault' : 'waits for you' });
  };
  await pollStatus(client, key, show, signal);
}
