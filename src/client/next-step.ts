import { printable } from '../secrets/printable';
import type { Guidance, NextStep, StatusFacts } from './status';

/** Chooses the next step for the person behind a session, and the message to show them. */
export function nextStepFor(status: StatusFacts): Guidance {
  const [nextStep, displayMessage] = nextStepOf(status);
  return { nextStep, displayMessage };
}

type Step = [NextStep, string];

function nextStepOf(status: StatusFacts): Step {
  switch (status.state) {
    case 'CREATING':
      return ['WAIT', 'Your link is being created.'];
    case 'WAITING':
      return whileWaiting(status);
    case 'COMPLETED':
      return status.update ? afterUpdate(status) : afterCompletion(status);
    case 'EXPIRED':
      // Without a last answer from Plaid, the person may have finished.
      return status.health.kind === 'OK'
        ? ['START_AGAIN', 'Your link has expired. Start again to get a new one.']
        : ['CONTACT_SUPPORT', 'We cannot tell whether your bank was connected. Please contact us.'];
    case 'CANCELLING':
    case 'CANCELLED':
      return ['NONE', 'This link was cancelled.'];
    case 'DELIVERY_UNCERTAIN':
      return [
        'CONTACT_SUPPORT',
        'We cannot tell whether the message with your link was sent. Please contact us.',
      ];
    case 'FAILED':
      return afterFailure(status);
  }
}

function whileWaiting({ plaidStatus, lastError, deliveryFailure, exitError, update }: StatusFacts): Step {
  if (plaidStatus === 'COMPLETED') return ['WAIT', 'You are done. Your bank is being connected.'];
  if (plaidStatus === 'EXITED') return afterExit(exitError);
  if (plaidStatus === undefined && lastError)
    return ['WAIT', 'We are making sure that the message with your link was sent.'];
  if (plaidStatus === 'OPENED')
    return ['OPEN_LINK', 'Finish in the page that you opened, or open your link again.'];
  if (deliveryFailure)
    return ['OPEN_LINK', 'The message with your link could not be delivered. Open the link here instead.'];
  return ['OPEN_LINK', `Open your link to ${update ? 'renew the connection to' : 'connect'} your bank.`];
}

function afterExit(exitError: StatusFacts['exitError']): Step {
  if (!exitError) return ['OPEN_LINK', 'You left before you were done. Open your link to go on.'];
  const plaidMessage = exitError.displayMessage && printable(exitError.displayMessage);
  switch (exitError.class) {
    case 'transient':
      return [
        'TRY_AGAIN_LATER',
        plaidMessage || 'Your bank cannot be reached now. Open your link again later.',
      ];
    case 'operator':
      return ['CONTACT_SUPPORT', plaidMessage || 'This does not work at the moment. Please contact us.'];
    case 'person':
      return ['OPEN_LINK', plaidMessage || 'That did not work. Open your link to try again.'];
    case 'permanent':
      return [
        'OPEN_LINK',
        plaidMessage || 'That did not work. Open your link to try again, or with another bank.',
      ];
  }
}

function afterFailure({ lastError }: StatusFacts): Step {
  switch (lastError?.class) {
    case 'transient':
      return ['TRY_AGAIN_LATER', 'This does not work at the moment. Try again later.'];
    case 'person':
      return ['START_AGAIN', 'Your link cannot be used. Start again to get a new one.'];
    default:
      return ['CONTACT_SUPPORT', 'Something went wrong. Please contact us.'];
  }
}

function afterUpdate({ update }: StatusFacts): Step {
  return update?.healthyAt === undefined
    ? ['START_AGAIN', 'The connection to your bank still does not work. Start again to renew it.']
    : ['NONE', 'The connection to your bank works again.'];
}

/** Chooses by the result that needs the most attention. */
function afterCompletion({ results, answeredBy }: StatusFacts): Step {
  const has = (...states: (typeof results)[number]['state'][]) =>
    results.some(({ state }) => states.includes(state));
  if (has('UNCERTAIN'))
    return [
      'CONTACT_SUPPORT',
      'We cannot tell whether your bank was connected. Please contact us, and do not start again.',
    ];
  // A session that has just ended has an exchange in progress. Of an old one the vault may hold no results any more.
  if (has('PENDING') || (results.length === 0 && answeredBy !== 'vault'))
    return ['WAIT', 'You are done. Your bank is being connected.'];
  if (has('LINKED')) return ['NONE', 'Your bank is connected.'];
  if (has('DUPLICATE')) return ['NONE', 'This account was connected before.'];
  if (has('FAILED', 'EXPIRED')) return ['START_AGAIN', 'Your bank could not be connected. Start again.'];
  return ['NONE', results.length === 0 ? 'This is over.' : 'This connection was removed.'];
}
