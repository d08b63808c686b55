import type { SandboxInstitution } from '../institutions';
import { GOOD_CREDENTIALS, INSTITUTIONS, findInstitution } from '../institutions';
import type { Connection, ItemRecord } from '../records';

/** Where the person stands on the page. The browser holds none of it. */
export type PageVisit = {
  connected: readonly Connection[];
  /** In update mode, what the person has only to sign in to again. */
  mends?: Connection;
} & (
  | { step: 'institution' }
  | { step: 'credentials'; institution: SandboxInstitution; problem?: string }
  | { step: 'accounts'; institution: SandboxInstitution; problem?: string }
  | { step: 'review' }
);

/** What a form of the page asks for. */
export const ACTIONS = [
  'institution',
  'credentials',
  'accounts',
  'another',
  'back',
  'finish',
  'leave',
] as const;
export type Action = (typeof ACTIONS)[number];

/** The first step of a new visit: the choice of a bank or, in update mode, the password of the item's own. */
export function newVisit(updates: ItemRecord | undefined): PageVisit {
  if (!updates) return { step: 'institution', connected: [] };
  const { institution } = updates;
  const masks = updates.accounts.map(({ mask }) => mask);
  const accounts = institution.accounts.filter(({ mask }) => masks.includes(mask));
  return { step: 'credentials', institution, connected: [], mends: { institution, accounts } };
}

/** The banks that can still be chosen: each one once in a session. */
export function choices(visit: PageVisit): SandboxInstitution[] {
  return INSTITUTIONS.filter(
    (institution) => !visit.connected.some((connection) => connection.institution === institution),
  );
}

/**
 * The visit after a form was sent. A form of another step, or with a value that the page never offered, changes nothing:
 * it comes from an old tab or from no browser at all.
 */
export function advance(visit: PageVisit, action: Action, form: URLSearchParams): PageVisit {
  switch (action) {
    case 'institution':
      return chooseInstitution(visit, form);
    case 'credentials':
      return signIn(visit, form);
    case 'accounts':
      return chooseAccounts(visit, form);
    case 'another':
      return visit.step === 'review' && !visit.mends && choices(visit).length > 0
        ? { step: 'institution', connected: visit.connected }
        : visit;
    case 'back':
      return goBack(visit);
    case 'finish':
    case 'leave':
      return visit;
  }
}

function chooseInstitution(visit: PageVisit, form: URLSearchParams): PageVisit {
  const institution = findInstitution(form.get('institution') ?? '');
  if (visit.step !== 'institution' || !institution || !choices(visit).includes(institution)) return visit;
  return { step: 'credentials', institution, connected: visit.connected };
}

function signIn(visit: PageVisit, form: URLSearchParams): PageVisit {
  if (visit.step !== 'credentials') return visit;
  const { institution, mends, connected } = visit;
  const { username, password } = GOOD_CREDENTIALS;
  if (form.get('username') !== username || form.get('password') !== password)
    return { ...visit, problem: 'That username and password do not match. Check both and try again.' };
  return mends ? { step: 'review', connected: [mends], mends } : { step: 'accounts', institution, connected };
}

function chooseAccounts(visit: PageVisit, form: URLSearchParams): PageVisit {
  if (visit.step !== 'accounts') return visit;
  const { institution, connected } = visit;
  const chosen = form.getAll('account');
  const accounts = institution.accounts.filter((account) => chosen.includes(account.id));
  return accounts.length > 0
    ? { step: 'review', connected: [...connected, { institution, accounts }] }
    : { step: 'accounts', institution, connected, problem: 'Choose at least one account to continue.' };
}

function goBack(visit: PageVisit): PageVisit {
  const { connected, mends, step } = visit;
  if (mends) return visit;
  if (step === 'credentials' || step === 'accounts') return { step: 'institution', connected };
  return connected.length > 0 ? { step: 'review', connected } : visit;
}
