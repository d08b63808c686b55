/** What is in an account, in US dollars. Of a loan or a credit card, `current` is what is owed. */
export interface Balance {
  current: number;
  /** Null where there is nothing to draw on. */
  available: number | null;
  /** Of a credit card. */
  limit: number | null;
}

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
  balance: Balance;
}

/** A fictitious bank. */
export interface SandboxInstitution {
  institutionId: string;
  name: string;
  accounts: readonly SandboxAccount[];
}

const CHECKING = { kind: 'Checking', type: 'depository', subtype: 'checking' };
const SAVINGS = { kind: 'Savings', type: 'depository', subtype: 'savings' };
const CAR_LOAN = { kind: 'Loan', type: 'loan', subtype: 'auto' };
const CREDIT_CARD = { kind: 'Credit card', type: 'credit', subtype: 'credit card' };

const holds = (current: number, available: number | null = current, limit: number | null = null) => ({
  balance: { current, available, limit },
});

/** The banks of the sandbox. All are invented; their ids lie outside the numbers that Plaid has given out. */
export const INSTITUTIONS: readonly SandboxInstitution[] = [
  {
    institutionId: 'ins_990001',
    name: 'Harbour & Hill Bank',
    accounts: [
      { id: 'everyday', name: 'Everyday Checking', mask: '4821', ...CHECKING, ...holds(2_140.55, 2_090.55) },
      { id: 'rainy-day', name: 'Rainy Day Savings', mask: '1177', ...SAVINGS, ...holds(8_300) },
    ],
  },
  {
    institutionId: 'ins_990002',
    name: 'Meadowlark Credit Union',
    accounts: [
      { id: 'share-draft', name: 'Share Draft', mask: '0093', ...CHECKING, ...holds(1_012.4) },
      { id: 'share-savings', name: 'Share Savings', mask: '0101', ...SAVINGS, ...holds(25) },
      { id: 'car-loan', name: 'Car Loan', mask: '7730', ...CAR_LOAN, ...holds(11_480.12, null) },
    ],
  },
  {
    institutionId: 'ins_990003',
    name: 'Copper Street Savings',
    accounts: [
      { id: 'passbook', name: 'Passbook Savings', mask: '5512', ...SAVINGS, ...holds(4_750.2) },
      { id: 'notice', name: '90-Day Notice', mask: '5513', ...SAVINGS, ...holds(15_000, 0) },
    ],
  },
  {
    institutionId: 'ins_990004',
    name: 'Tallgrass Mutual',
    accounts: [
      { id: 'current', name: 'Current Account', mask: '2260', ...CHECKING, ...holds(640.31, 590.31) },
      { id: 'joint', name: 'Joint Account', mask: '2261', ...CHECKING, ...holds(3_205.09) },
      { id: 'card', name: 'Blue Card', mask: '9034', ...CREDIT_CARD, ...holds(312.18, 1_687.82, 2_000) },
    ],
  },
];

/** The bank with this id; undefined when there is none. */
export function findInstitution(institutionId: string): SandboxInstitution | undefined {
  return INSTITUTIONS.find((institution) => institution.institutionId === institutionId);
}

/** What signs a person in at every bank of the sandbox, as at Plaid's own. Anything else is refused. */
export const GOOD_CREDENTIALS = { username: 'user_good', password: 'pass_good' } as const;
