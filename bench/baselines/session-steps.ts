import type { Pool } from 'pg';
import { timesOf } from '../temporal/contender';

/** A call to Plaid: a path and a body, and the answer's body. */
type Call = (path: string, body: object) => Promise<unknown>;

/** The table of a baseline that does whole sessions: the access token in clear. */
export const ITEMS_TABLE =
  'CREATE TABLE items (item_id text PRIMARY KEY, session_id text, access_token text, institution_id text, stored_at timestamptz DEFAULT now())';

/** As `SessionContender.storedAtMs`. */
export async function storedItems(databaseUrl: string): Promise<Map<string, number>> {
  return await timesOf(databaseUrl, 'SELECT session_id AS id, stored_at AS at FROM items');
}

/** What a baseline does for a session, bare: each step makes the call to Plaid that ours makes, and what is stored is one statement. */
export function sessionSteps(call: Call, pool: Pool) {
  return {
    async create(linkToken: string): Promise<{ id: string; url: string }> {
      const answer = (await call('/link_delivery/create', { link_token: linkToken })) as {
        link_delivery_session_id: string;
        link_delivery_url: string;
      };
      return { id: answer.link_delivery_session_id, url: answer.link_delivery_url };
    },

    /** The access token, once there is one. */
    async get(sessionId: string): Promise<string | undefined> {
      const answer = (await call('/link_delivery/get', { link_delivery_session_id: sessionId })) as {
        access_tokens: string[] | null;
      };
      return answer.access_tokens?.[0];
    },

    async storeItem(sessionId: string, accessToken: string): Promise<string> {
      const { item } = (await call('/item/get', { access_token: accessToken })) as {
        item: { item_id: string; institution_id: string };
      };
      await pool.query(
        'INSERT INTO items (item_id, session_id, access_token, institution_id) VALUES ($1, $2, $3, $4)',
        [item.item_id, sessionId, accessToken, item.institution_id],
      );
      return item.item_id;
    },

    /** The institution that the item was stored with. */
    async describeItem(itemId: string): Promise<string | undefined> {
      const { rows } = await pool.query<{ institution_id: string }>(
        'SELECT institution_id FROM items WHERE item_id = $1',
        [itemId],
      );
      return rows[0]?.institution_id;
    },
  };
}
