import type { LinkDeliverySession, LinkTokenStatus, PlaidClient } from '../src/plaid/plaid';
import type { Secret } from '../src/secrets/secret';

/** How a get answers other than by the truth: as some get before it, or with another status beside what else is true. */
export type Contradiction =
  { as: 'an earlier one'; index: number } | { as: 'another status'; status: string };

/** A Plaid that says anything in any order, again and again, and of which is kept what it has shown. */
export class FicklePlaid {
  /** For the next gets, one each; then the truth again. */
  readonly contradictions: Contradiction[] = [];
  /** The tokens that answers have shown to the workers, in clear. */
  readonly shown = new Set<string>();
  private readonly earlier = new Map<string, unknown[]>();

  /** In place of `plaid`, of which all calls are made. */
  standIn(plaid: PlaidClient): PlaidClient {
    return {
      ...plaid,
      linkDeliveryGet: async (sessionId) => {
        const truth = await plaid.linkDeliveryGet(sessionId);
        const answer = this.contradict(sessionId, truth, (status) => ({ ...truth, status }));
        this.show([...answer.accessTokens, ...answer.publicTokens]);
        return answer;
      },
      linkTokenGet: async (linkToken) => {
        const truth = await plaid.linkTokenGet(linkToken);
        const answer = this.contradict(linkToken, truth, (status) => withStatus(truth, status));
        this.show(
          answer.linkSessions.flatMap(({ results }) => results.map(({ publicToken }) => publicToken)),
        );
        return answer;
      },
    };
  }

  private contradict<T extends LinkDeliverySession | LinkTokenStatus>(
    id: string,
    truth: T,
    withOther: (status: string) => T,
  ): T {
    const earlier = (this.earlier.get(id) ?? []) as T[];
    this.earlier.set(id, [...earlier, truth]);
    const contradiction = this.contradictions.shift();
    if (!contradiction) return truth;
    if (contradiction.as === 'another status') return withOther(contradiction.status);
    return earlier[contradiction.index % earlier.length] ?? truth;
  }

  private show(tokens: readonly Secret[]): void {
    for (const token of tokens) this.shown.add(token.reveal());
  }
}

/** The standing of a link token from which such a status follows. */
function withStatus(truth: LinkTokenStatus, status: string): LinkTokenStatus {
  if (status === 'CREATED') return { ...truth, linkSessions: [] };
  if (status === 'EXPIRED') return { ...truth, linkSessions: [], expiration: new Date(0).toISOString() };
  const finished = status !== 'OPENED';
  const visit = { linkSessionId: 'another', results: [], exitError: undefined };
  const linkSessions = truth.linkSessions.length > 0 ? truth.linkSessions : [visit];
  return {
    ...truth,
    linkSessions: linkSessions.map((one) => ({ ...one, finished, succeeded: status === 'COMPLETED' })),
  };
}
