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

/** Makes the activity that completes the stored data of an item. */
export function describeItemActivities({ plaid, vault, itemWebhookUrl }: ActivityDeps) {
  async function describeBy(itemId: string, token: Secret): Promise<Institution> {
    const { institutionId, institutionName } = await plaid.itemGet(token);
    await vault.items.describe(itemId, { institutionId, institutionName });
    return { institutionId, institutionName };
  }

  return {
    /**
     * Stores the institution of a stored item, sets the item's webhook to `itemWebhookUrl` if there is one, and returns the
     * institution. Reads no access token when neither is needed.
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
