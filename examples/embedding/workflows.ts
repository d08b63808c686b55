import { condition, proxyActivities, setHandler } from '@temporalio/workflow';
import {
  type CompletionNotice,
  linkCompletedSignal,
  linkReadySignal,
  startHostedLinkSession,
} from 'hosted-link/workflows';
import type { OnboardingActivities } from './activities';

const { sendLink } = proxyActivities<OnboardingActivities>({ startToCloseTimeout: '1 minute' });

/** Lets a customer connect a bank, and gives the ids of the items whose access tokens are in the vault. */
export async function onboarding(customerId: string): Promise<string[]> {
  const key = `onboarding-${customerId}`;
  const told: { ready?: boolean; end?: CompletionNotice } = {};
  setHandler(linkReadySignal, () => {
    told.ready = true;
  });
  setHandler(linkCompletedSignal, (notice) => {
    told.end = notice;
  });

  await startHostedLinkSession({
    key,
    plaidFlow: 'hosted_link',
    linkTokenRequest: {
      client_name: 'Example',
      language: 'en',
      country_codes: ['US'],
      products: ['auth'],
      user: { client_user_id: customerId },
    },
  });
  await condition(() => told.ready === true || told.end !== undefined);
  if (!told.end) await sendLink(customerId, key);
  await condition(() => told.end !== undefined);
  return told.end?.itemIds ?? [];
}
