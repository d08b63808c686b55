import type { Pool } from 'pg';

/**
 * One try of a person to connect a bank, or to mend the connection to one. All that this service keeps of it: how it stands is
 * asked of hosted-link whenever somebody wants to know.
 */
export interface BankLink {
  userId: string;
  /** 1 for the person's first one. */
  number: number;
  /** In update mode, the item that it mends. */
  mendsItemId: string | undefined;
}

interface Row {
  user_id: string;
  number: number;
  mends_item_id: string | null;
}

/** In a service of yours a migration makes it. */
const SCHEMA = `CREATE TABLE IF NOT EXISTS bank_links (
  user_id text NOT NULL,
  number integer NOT NULL,
  mends_item_id text,
  made_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, number)
)`;

/**
 * The session key of a link: always the same for the same link, so that a start that is repeated is the same session. The
 * person stands in it, so no key of one person's link can be another's.
 */
export function sessionKeyOf({ userId, number }: Pick<BankLink, 'userId' | 'number'>): string {
  return `${userId}:${number}`;
}

/** The table `bank_links`. Every read names the person: a link of somebody else is as good as none. */
export class BankLinks {
  constructor(private readonly database: Pool) {}

  async prepare(): Promise<void> {
    await this.database.query(SCHEMA);
  }

  async latest(userId: string): Promise<BankLink | undefined> {
    const { rows } = await this.database.query<Row>(
      'SELECT user_id, number, mends_item_id FROM bank_links WHERE user_id = $1 ORDER BY number DESC LIMIT 1',
      [userId],
    );
    return rows.map(toLink)[0];
  }

  async find(userId: string, number: number): Promise<BankLink | undefined> {
    const { rows } = await this.database.query<Row>(
      'SELECT user_id, number, mends_item_id FROM bank_links WHERE user_id = $1 AND number = $2',
      [userId, number],
    );
    return rows.map(toLink)[0];
  }

  /** Makes the link, or gives the one that a request at the same time, a double click, has made. */
  async add({ userId, number, mendsItemId }: BankLink): Promise<BankLink> {
    await this.database.query(
      'INSERT INTO bank_links (user_id, number, mends_item_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [userId, number, mendsItemId],
    );
    return (await this.find(userId, number))!;
  }
}

function toLink(row: Row): BankLink {
  return { userId: row.user_id, number: row.number, mendsItemId: row.mends_item_id ?? undefined };
}
