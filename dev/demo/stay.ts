import type { StatusReport } from '../../src/client';
import { follow } from './follow';
import { itemLine } from './report';
import type { Screen } from './screen';
import type { Stage } from './stage';

const NAME = 'yours';

/** Starts one more session, which a person can finish in a browser, and shows how it stands until the abort. */
export async function stayOpen(stage: Stage, screen: Screen, signal: AbortSignal): Promise<void> {
  const { client, sandbox, withVault, keyOf } = stage;
  const key = keyOf(NAME);
  const { url } = await client.start({ key, linkToken: sandbox.issueLinkToken() });
  screen.log('One more session is yours. Open its link in a browser and sign in with user_good / pass_good:');
  screen.log(`  ${url}`);
  screen.log('Ctrl-C ends the demo.');
  let shown = false;
  const show = (report: StatusReport) => {
    screen.show({ name: NAME, report, note: shown ? 'its access token is in the vault' : 'waits for you' });
    if (shown || !report.items.some(({ state }) => state === 'LINKED')) return;
    shown = true;
    void withVault((vault) => vault.items.list({ sessionKey: key })).then((items) =>
      items.forEach((item) => screen.log(itemLine(item))),
    );
  };
  await follow(client, key, show, signal);
  screen.settle();
}
