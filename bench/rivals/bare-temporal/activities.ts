import { Context } from '@temporalio/activity';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { Pool } from 'pg';

/** A call to Plaid: a path and a body, and the answer's body. */
type Call = (path: string, body: object) => Promise<unknown>;

/** The table of the bare contender: the access token in clear. */
export const BARE_TABLE =
  'CREATE TABLE items (item_id text PRIMARY KEY, session_id text, access_token text, institution_id text, stored_at timestamptz DEFAULT now())';

/** The activities of `bareSession`: each makes the call to Plaid that ours makes, and what is stored is one statement. */
export function bareActivities(call: Call, pool: Pool) {
  async function get(sessionId: string): Promise<string | undefined> {
    const answer = (await call('/link_delivery/get', { link_delivery_session_id: sessionId })) as {
      access_tokens: string[] | null;
    };
    return answer.access_tokens?.[0];
  }

  return {
    async create(linkToken: string): Promise<{ id: string; url: string }> {
      const answer = (await call('/link_delivery/create', { link_token: linkToken })) as {
        link_delivery_session_id: string;
        link_delivery_url: string;
      };
      return { id: answer.link_delivery_session_id, url: answer.link_delivery_url };
    },

    get,

    /** The infrequent polling of Temporal's samples. Nobody is done at once, so that the first attempt asks nothing, as ours. */
    async watch(sessionId: string): Promise<string> {
      const isFirst = Context.current().info.attempt === 1;
      const accessToken = isFirst ? undefined : await get(sessionId);
      if (accessToken !== undefined) return accessToken;
      throw ApplicationFailure.create({ message: 'not yet', category: ApplicationFailureCategory.BENIGN });
    },

    async storeItem(sessionId: string, accessToken: string): Promise<string> {
      const { item } = (await call('/item/get', { access_token: accessToken })) as {
        item: { item_id: string };
      };
      await pool.query('INSERT INTO items (item_id, session_id, access_token) VALUES ($1, $2, $3)', [
        item.item_id,
        sessionId,
        accessToken,
      ]);
      return item.item_id;
    },

    async describeItem(itemId: string, accessToken: string): Promise<void> {
      const { item } = (await call('/item/get', { access_token: accessToken })) as {
        item: { institution_id: string };
      };
      await pool.query('UPDATE items SET institution_id = $2 WHERE item_id = $1', [
        itemId,
        item.institution_id,
      ]);
    },
  };
}

export type Activities = ReturnType<typeof bareActivities>;
