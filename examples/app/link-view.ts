import type { NextStep, StatusReport } from 'hosted-link/client';
import type { BankLink } from './bank-links';

/** What the person's browser is told of a link. There is no token in it, no session key and no error code. */
export interface LinkView {
  number: number;
  nextStep: NextStep;
  /** For the person, as plain text. */
  message: string;
  /** The hosted page, while it is worth opening. */
  url: string | undefined;
  /** The banks that it connected. */
  institutions: string[];
  mayCancel: boolean;
  /** Whether the person may begin anew. */
  mayStart: boolean;
  /** Nothing more will happen by itself. */
  isOver: boolean;
}

/** Tells a person how a link of theirs stands. The URL is given while it {@link isWorthOpening}. */
export function linkView({ number }: BankLink, report: StatusReport, url: string | undefined): LinkView {
  const { nextStep, displayMessage, results } = report;
  return {
    number,
    nextStep,
    message: displayMessage,
    url,
    institutions: results.flatMap(({ state, institutionName }) =>
      state === 'LINKED' && institutionName ? [institutionName] : [],
    ),
    mayCancel: isOpen(report) && report.plaidStatus !== 'COMPLETED',
    mayStart: isReplaceable(report),
    isOver: !isOpen(report) && nextStep !== 'WAIT',
  };
}

/** Whether the person can do something in the hosted page. */
export function isWorthOpening({ state, nextStep }: StatusReport): boolean {
  return state === 'WAITING' && (nextStep === 'OPEN_LINK' || nextStep === 'TRY_AGAIN_LATER');
}

/**
 * Whether another session may take this one's place. Not while it is under way, and not while nobody knows whether it has
 * connected the bank: a second one might connect it twice.
 */
export function isReplaceable(report: StatusReport): boolean {
  if (isOpen(report) || report.nextStep === 'WAIT') return false;
  const mayHaveConnected = report.state === 'COMPLETED' || report.state === 'EXPIRED';
  return !(mayHaveConnected && report.nextStep === 'CONTACT_SUPPORT');
}

function isOpen({ state }: StatusReport): boolean {
  return state === 'CREATING' || state === 'WAITING';
}
