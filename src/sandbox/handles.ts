import type { SessionStatus } from '../domain/states';
import { pickConnections } from './auto-driver';
import { findInstitution } from './institutions';
import type { ItemWebhooks } from './item-webhooks';
import type { Connection, ItemRecord, LinkExit, SandboxSession } from './records';
import type { SandboxState } from './state';

/** A bank that a person connects. */
export interface ConnectionChoice {
  /** Default: a bank in turn. */
  institutionId?: string;
  /** The accounts to share, by the bank's own ids such as `everyday`. Default: all. */
  accounts?: readonly string[];
}

/**
 * Does to one session what a person or time would, whichever Plaid flow serves it. An unopened session is opened first. A move
 * that its status does not allow throws.
 */
export interface SessionHandle {
  /** Opens the page. After an exit this makes another link session. */
  open(): void;
  /** Connects one bank and stays: with `hosted_link` its public token can be had from now on. */
  connect(choice?: ConnectionChoice): void;
  /** Leaves, by default where the page asks for credentials and without an error. */
  exit(exit?: LinkExit): void;
  /** Finishes with what was connected; in update mode the item is mended. */
  finish(): void;
  /** Connects `items` banks (default: as many as the link token says, and none in update mode) and finishes. */
  complete(result?: ConnectionChoice & { items?: number }): void;
  expire(): void;
  readonly status: SessionStatus;
}

/** Does to one item what time or its bank would. */
export interface ItemHandle {
  /**
   * The item's error is ITEM_LOGIN_REQUIRED from now on, until a session in update mode is finished. Its webhook is told.
   */
  requireLogin(): void;
  /** Plaid's error code; undefined while all is well. */
  readonly errorCode: string | undefined;
}

/** The handle of a session. */
export function sessionHandle(state: SandboxState, session: SandboxSession): SessionHandle {
  const connect = (choice: ConnectionChoice, count: number): void => {
    const open = session.linkSessions.at(-1);
    const first = open ? open.results.length + open.pending.length : 0;
    for (const connection of connections(choice, count, first)) state.connect(session, connection);
  };
  return {
    open: () => state.open(session),
    connect: (choice = {}) => connect(choice, 1),
    exit: (exit) => state.exit(session, exit),
    finish: () => state.finish(session),
    complete: ({ items = session.linkToken.items, ...choice } = {}) => {
      connect(choice, items);
      state.finish(session);
    },
    expire: () => state.expire(session),
    get status() {
      return state.refresh(session).status;
    },
  };
}

/** The handle of an item. */
export function itemHandle(itemWebhooks: ItemWebhooks, item: ItemRecord): ItemHandle {
  return {
    requireLogin: () => itemWebhooks.requireLogin(item),
    get errorCode() {
      return item.error?.errorCode;
    },
  };
}

/**
 * `count` banks as chosen, or else in turn from the one at index `first` on.
 * @throws RangeError when the sandbox has no such bank or account
 */
function connections(
  { institutionId, accounts }: ConnectionChoice,
  count: number,
  first: number,
): Connection[] {
  return pickConnections(count, first).map((picked) => {
    const institution = institutionId === undefined ? picked.institution : findInstitution(institutionId);
    if (!institution) throw new RangeError(`The sandbox has no institution ${institutionId}`);
    const unknown = accounts?.find((id) => !institution.accounts.some((account) => account.id === id));
    if (unknown !== undefined) throw new RangeError(`${institution.name} has no account ${unknown}`);
    return {
      institution,
      accounts: institution.accounts.filter(({ id }) => accounts?.includes(id) ?? true),
    };
  });
}
