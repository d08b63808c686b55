import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import {
  type HostedLinkClient,
  HostedLinkError,
  type StartRequest,
  type StatusReport,
} from 'hosted-link/client';
import { type BankLink, type BankLinks, sessionKeyOf } from './bank-links';
import { isReplaceable, isWorthOpening, type LinkView, linkView } from './link-view';

/** How often the status is looked at for a page that follows it, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

export interface LinkingOptions {
  hostedLink: HostedLinkClient;
  /** The client that `hostedLink` was made with. */
  temporal: Client;
  links: BankLinks;
  /** What the person sees in Plaid's page, at most 30 characters. */
  clientName: string;
  /** Where Plaid's page sends the person in the end, finished or not. */
  returnUrl: string;
}

/** What a person can do about connecting a bank. */
export class Linking {
  constructor(private readonly options: LinkingOptions) {}

  /** The person's latest link, which a page that was reloaded goes on with; undefined when there never was one. */
  async latest(userId: string): Promise<LinkView | undefined> {
    const link = await this.options.links.latest(userId);
    const report = link && (await this.#report(link));
    return report && (await this.#view(link, report));
  }

  /**
   * Starts a session, or gives the one that is under way: pressed twice, in two tabs or on two devices, the button makes one.
   *
   * @param mendsItemId the person's own item, for update mode
   */
  async start(userId: string, mendsItemId?: string): Promise<LinkView> {
    const { links } = this.options;
    const latest = await links.latest(userId);
    const before = latest && (await this.#report(latest));
    if (before && before.state !== 'CREATING' && !isReplaceable(before))
      return await this.#view(latest, before);
    // Being made by a request at the same time, or left without a session when this process died: the same start again.
    const isUnfinished = latest && (!before || before.state === 'CREATING');
    const link = isUnfinished
      ? latest
      : await links.add({ userId, number: (latest?.number ?? 0) + 1, mendsItemId });
    await this.#startSession(link);
    return await this.view(link);
  }

  /** How a link stands. @throws HostedLinkError SESSION_UNKNOWN */
  async view(link: BankLink): Promise<LinkView> {
    return await this.#view(link, await this.options.hostedLink.status(sessionKeyOf(link)));
  }

  /** How a link stands, at once and then every second, until it is over. The abort ends it too. */
  async *follow(link: BankLink, signal: AbortSignal): AsyncGenerator<LinkView> {
    const { hostedLink, temporal } = this.options;
    const key = sessionKeyOf(link);
    let hasEnded = false;
    // The end is told by Temporal, and what leads there is looked at.
    const ending = temporal
      .withAbortSignal(signal, () => hostedLink.waitForEnd(key))
      .then(() => (hasEnded = true));
    // It may fail while the status is looked at, which then fails too.
    ending.catch(() => undefined);
    let url: string | undefined;
    for (;;) {
      // Looked at before the status, so that what is told last is the end.
      const isLast = hasEnded;
      const view = await this.#view(link, await hostedLink.status(key), url);
      url ??= view.url;
      yield view;
      if (isLast || view.isOver) return;
      try {
        await Promise.race([ending, delay(LOOK_EVERY_MS, undefined, { signal })]);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
    }
  }

  /** Tells that the person may be done in the hosted page: without it the end is known some seconds or minutes later. */
  async hint(link: BankLink): Promise<void> {
    await this.options.hostedLink.checkNow(sessionKeyOf(link)).catch(unlessEnded);
  }

  /** As {@link hint}, for who came back from the hosted page. */
  async hintLatest(userId: string): Promise<void> {
    const link = await this.options.links.latest(userId);
    if (link) await this.hint(link);
  }

  async cancel(link: BankLink): Promise<void> {
    await this.options.hostedLink.cancel(sessionKeyOf(link)).catch(unlessEnded);
  }

  async #startSession(link: BankLink): Promise<void> {
    try {
      await this.options.hostedLink.start({ key: sessionKeyOf(link), ...this.#request(link) });
    } catch (error) {
      // What Plaid refused, or a worker has not done in time, the status tells, with words for the person.
      if (!(error instanceof HostedLinkError)) throw error;
    }
  }

  /** The same for the same link, whenever it is made: a key stands for one request. */
  #request({ userId, mendsItemId }: BankLink): Omit<StartRequest, 'key'> {
    const { clientName, returnUrl } = this.options;
    return {
      plaidFlow: 'hosted_link',
      userId,
      linkTokenRequest: {
        client_name: clientName,
        language: 'en',
        country_codes: ['US'],
        user: { client_user_id: userId },
        hosted_link: { completion_redirect_uri: returnUrl },
        ...(mendsItemId === undefined && { products: ['transactions'] }),
      },
      ...(mendsItemId !== undefined && { update: { itemId: mendsItemId } }),
    };
  }

  /** Undefined when no session has been started for the link. */
  async #report(link: BankLink): Promise<StatusReport | undefined> {
    try {
      return await this.options.hostedLink.status(sessionKeyOf(link));
    } catch (error) {
      if (error instanceof HostedLinkError && error.code === 'SESSION_UNKNOWN') return undefined;
      throw error;
    }
  }

  /** @param knownUrl spares asking for it again: it never changes */
  async #view(link: BankLink, report: StatusReport, knownUrl?: string): Promise<LinkView> {
    if (!isWorthOpening(report)) return linkView(link, report, undefined);
    const url = knownUrl ?? (await this.options.hostedLink.get(sessionKeyOf(link))).url;
    return linkView(link, report, url);
  }
}

/** A session that has ended wants no hint, and is not cancelled any more: the page shows its end. */
function unlessEnded(error: unknown): void {
  if (!(error instanceof HostedLinkError && error.code === 'SESSION_ENDED')) throw error;
}
