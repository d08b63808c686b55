import type { HostedLinkClient } from 'hosted-link/client';

/** What the onboarding's activities work with. */
export interface ActivityDeps {
  hostedLink: HostedLinkClient;
  /** Brings a URL to a customer. */
  send: (customerId: string, url: string) => Promise<void>;
}

export function createActivities({ hostedLink, send }: ActivityDeps) {
  return {
    /** Gets the URL by itself: as an argument it would stand in the onboarding's history. */
    async sendLink(customerId: string, key: string): Promise<void> {
      const { url } = await hostedLink.get(key);
      if (url !== undefined) await send(customerId, url);
    },
  };
}

export type OnboardingActivities = ReturnType<typeof createActivities>;
