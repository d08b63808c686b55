import { GOOD_CREDENTIALS, INSTITUTIONS, findInstitution } from '../institutions';
import type { Institution, SandboxAccount } from '../institutions';

/** A bank that the person has signed in to, with the accounts to share. */
export interface Connection {
  institution: Institution;
  accounts: readonly SandboxAccount[];
}

/** Where the person stands on the page. The browser holds none of it. */
export type Visit = { connected: readonly Connection[] } & (
  | { step: 'institution' }
  | { step: 'credentials'; institution: Institution; problem?: string }
  | { step: 'accounts'; institution: Institution; problem?: string }
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

/** The first step of a new visit. */
export function newVisit(): Visit {
  return { step: 'institution', connected: [] };
}

/** The banks that can still be chosen: each one once in a session. */
export function choices(visit: Visit): Institution[] {
  return INSTITUTIONS.filter(
    (institution) => !visit.connected.some((connection) => connection.institution === institution),
  );
}

/**
 * The visit after a form was sent. A form of another step, or with a value that the page never offered, changes nothing:
 * it comes from an old tab or from no browser at all.
 */
export function advance(visit: Visit, action: Action, form: URLSearchParams): Visit {
  const { connected } = visit;
  switch (action) {
    case 'institution': {
      const institution = findInstitution(form.get('institution') ?? '');
      if (visit.step !== 'institution' || !institution || !choices(visit).includes(institution)) return visit;
      return { step: 'credentials', institution, connected };
    }
    case 'credentials': {
      if (visit.step !== 'credentials') return visit;
      const { institution } = visit;
      const good =
        form.get('username') === GOOD_CREDENTIALS.username &&
        form.get('password') === GOOD_CREDENTIALS.password;
      if (good) return { step: 'accounts', institution, connected };
      const problem = 'That username and password do not match. Check both and try again.';
      return { step: 'credentials', institution, connected, problem };
    }
    case 'accounts': {
      if (visit.step !== 'accounts') return visit;
      const { institution } = visit;
      const chosen = form.getAll('account');
      const accounts = institution.accounts.filter((account) => chosen.includes(account.id));
      if (accounts.length > 0) {
        return { step: 'review', connected: [...connected, { institution, accounts }] };
      }
      return {
        step: 'accounts',
        institution,
        connected,
        problem: 'Choose at least one account to continue.',
      };
    }
    case 'another':
      return visit.step === 'review' && choices(visit).length > 0
        ? { step: 'institution', connected }
        : visit;
    case 'back':
      if (visit.step === 'credentials' || visit.step === 'accounts')
        return { step: 'institution', connected };
      return connected.length > 0 ? { step: 'review', connected } : visit;
    case 'finish':
    case 'leave':
      return visit;
  }
}
