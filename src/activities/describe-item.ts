import type { Institution } from '../domain/views';
import type { Secret } from '../secrets/secret';
import type { ActivityDeps } from './deps';

/** Returns the institution of a result or item; undefined when its id or name is not known. */
export function institutionOf({
  institutionId,
  institutionName,
}: Partial<Institution>): Institution | undefined {
  return institutionId !== undefined && institutionName !== undefined
    ? { institutionId, institutionName }
    : undefined;
}

/** The activity that completes what is stored about an item. */
export function describeItemActivities({ plaid, vault, itemWebhookUrl }: ActivityDeps) {
  async function describeBy(itemId: string, token: Secret): Promise<Institution> {
    const { institutionId, institutionName } = await plaid.itemGet(token);
    await vault.items.describe(itemId, { institutionId, institutionName });
    return { institutionId, institutionName };
  }

  return {
    /**
     * Fills in the institution of a stored item, and moves its webhook to where the deployment wants items' webhooks. Gives the
     * institution. Needs no token where the item was stored with its institution, and its webhook stays.
     */
    async describeItem(itemId: string): Promise<Institution> {
      const item = await vault.items.get(itemId);
      const known = item && institutionOf(item);
      if (known && itemWebhookUrl === undefined) return known;
      const purpose = itemWebhookUrl === undefined ? 'describe item' : 'describe item, move its webhook';
      return await vault.withAccessToken({ itemId, actor: 'hosted-link worker', purpose }, async (token) => {
        const institution = known ?? (await describeBy(itemId, token));
        if (itemWebhookUrl !== undefined) await plaid.itemWebhookUpdate(token, itemWebhookUrl);
        return institution;
      });
    },
  };
}
