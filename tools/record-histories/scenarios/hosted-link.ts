import type { Stage } from '../stage';
import { REQUEST, SMS, type Scenario } from './scenario';

/** A request for a session of hosted_link, of a person who has no account yet. */
function hosted({ key }: Stage) {
  const user = { client_user_id: `person-of-${key}` };
  return { plaidFlow: 'hosted_link', linkTokenRequest: { ...REQUEST, user } } as const;
}

/** Sessions of hosted_link, and of update mode. */
export const HOSTED_LINK: readonly Scenario[] = [
  {
    session: 'hosted-completed',
    exchange: 'hosted-linked',
    play: async (stage) => {
      await stage.start(hosted(stage));
      stage.person.complete();
    },
  },
  {
    session: 'hosted-completed-at-institutions',
    exchange: 'hosted-linked-at-institutions',
    play: async (stage) => {
      await stage.start(hosted(stage));
      stage.person.connect({ institutionId: 'ins_990001' });
      stage.person.connect({ institutionId: 'ins_990002' });
      stage.person.finish();
    },
  },
  {
    session: 'hosted-completed-several',
    exchange: 'hosted-linked-several',
    play: async (stage) => {
      await stage.start(hosted(stage));
      await linkFirst(stage);
      stage.person.connect();
      stage.person.finish();
    },
  },
  {
    session: 'hosted-completed-sent',
    play: async (stage) => {
      await stage.start({ ...hosted(stage), delivery: SMS });
      stage.person.complete();
    },
  },
  {
    session: 'hosted-expired',
    play: async (stage) => {
      await stage.start(hosted(stage));
      stage.person.expire();
    },
  },
  {
    session: 'hosted-cancelled',
    play: async (stage) => {
      await stage.start(hosted(stage));
      await stage.harness.client.cancel(stage.key);
    },
  },
  {
    session: 'hosted-cancelled-with-item',
    exchange: 'hosted-cancelled',
    play: async (stage) => {
      await stage.start(hosted(stage));
      await linkFirst(stage);
      await stage.harness.client.cancel(stage.key);
    },
  },
  {
    session: 'hosted-delivery-uncertain',
    play: async (stage) => {
      const user = { client_user_id: 'uncertain-user' };
      stage.harness.sandbox.fault(
        '/link/token/create',
        { kind: 'reset_after_work' },
        { matching: (body) => JSON.stringify(body['user']).includes(user.client_user_id) },
      );
      await stage.startInVain({ ...hosted(stage), linkTokenRequest: { ...REQUEST, user }, delivery: SMS });
    },
  },
  {
    session: 'hosted-updated',
    play: async (stage) => {
      const { client, sandbox } = stage.harness;
      const linkToken = sandbox.issueLinkToken();
      const first = await client.start({ key: `${stage.key}-first`, linkToken });
      sandbox.session(linkToken).complete();
      const { results } = await client.waitForFinalStatus(first.key);
      const itemId = results[0]!.itemId!;
      sandbox.item(itemId).requireLogin();
      await stage.start({ ...hosted(stage), update: { itemId } });
      stage.person.complete();
    },
  },
  {
    session: 'failed-update',
    play: async (stage) => {
      await stage.startInVain({ ...hosted(stage), update: { itemId: 'nobodys-item' } });
    },
  },
];

/** The person connects a first bank and stays, until that is an item. */
async function linkFirst(stage: Stage): Promise<void> {
  stage.person.connect();
  await stage.until('its first bank is an item', async () => {
    return (await stage.harness.client.status(stage.key)).results[0]?.state === 'LINKED';
  });
}
