/** An account that a fictitious bank shows to the person. */
export interface SandboxAccount {
  id: string;
  name: string;
  /** The last four digits. */
  mask: string;
  /** In the bank's own words, such as `Checking`. */
  kind: string;
  /** In Plaid's words, such as `depository` and `checking`. */
  type: string;
  subtype: string;
}

/** A fictitious bank. */
export interface Institution {
  institutionId: string;
  name: string;
  accounts: readonly SandboxAccount[];
}

const CHECKING = { kind: 'Checking', type: 'depository', subtype: 'checking' };
const SAVINGS = { kind: 'Savings', type: 'depository', subtype: 'savings' };
const CAR_LOAN = { kind: 'Loan', type: 'loan', subtype: 'auto' };
const CREDIT_CARD = { kind: 'Credit card', type: 'credit', subtype: 'credit card' };

/** The banks of the sandbox. All are invented; their ids lie outside the numbers that Plaid has given out. */
export const INSTITUTIONS: readonly Institution[] = [
  {
    institutionId: 'ins_990001',
    name: 'Harbour & Hill Bank',
    accounts: [
      { id: 'everyday', name: 'Everyday Checking', mask: '4821', ...CHECKING },
      { id: 'rainy-day', name: 'Rainy Day Savings', mask: '1177', ...SAVINGS },
    ],
  },
  {
    institutionId: 'ins_990002',
    name: 'Meadowlark Credit Union',
    accounts: [
      { id: 'share-draft', name: 'Share Draft', mask: '0093', ...CHECKING },
      { id: 'share-savings', name: 'Share Savings', mask: '0101', ...SAVINGS },
      { id: 'car-loan', name: 'Car Loan', mask: '7730', ...CAR_LOAN },
    ],
  },
  {
    institutionId: 'ins_990003',
    name: 'Copper Street Savings',
    accounts: [
      { id: 'passbook', name: 'Passbook Savings', mask: '5512', ...SAVINGS },
      { id: 'notice', name: '90-Day Notice', mask: '5513', ...SAVINGS },
    ],
  },
  {
    institutionId: 'ins_990004',
    name: 'Tallgrass Mutual',
    accounts: [
      { id: 'current', name: 'Current Account', mask: '2260', ...CHECKING },
      { id: 'joint', name: 'Joint Account', mask: '2261', ...CHECKING },
      { id: 'card', name: 'Blue Card', mask: '9034', ...CREDIT_CARD },
    ],
  },
];

/** The bank with this id; undefined when there is none. */
export function findInstitution(institutionId: string): Institution | undefined {
  return INSTITUTIONS.find((institution) => institution.institutionId === institutionId);
}

/** What signs a person in at every bank of the sandbox, as at Plaid's own. Anything else is refused. */
export const GOOD_CREDENTIALS = { username: 'user_good', password: 'pass_good' } as const;
