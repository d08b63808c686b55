import { condition, log, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { INSTITUTION_ID_PATTERN } from '../../domain/ids';
import type { SessionState } from '../../domain/states';
import type { ResultView } from '../../domain/views';
import { exchange, vault } from '../activity-proxies';
import { exchangeDetails } from '../current-details';
import type { ExchangeInput, ExchangeView } from '../messages';
import { isLinkCompleted } from '../messages';
import { metrics } from '../metrics';
import { notifyEnd } from '../notices';
import { INSTITUTION_ATTRIBUTE } from '../search-attributes';
import { endResult } from './end-result';

/** The results that a look into the vault found, and whether their session was known to be cancelled before that look. */
interface Look {
  results: ResultView[];
  isCancelled: boolean;
}

/** The work of one token exchange. */
export class Exchange {
  readonly view: ExchangeView;
  readonly #input: ExchangeInput;
  /** Ids of the results that are being brought to their end. */
  readonly #running = new Set<string>();
  /** True when a signal, or the start, asked for a look into the vault that has not begun yet. */
  #hasPendingSignal: boolean;
  /** How many results the COMPLETED session has, as it signalled. Such a session gets no more. */
  #expectedResults = 0;
  /** What {@link Exchange.#expectedResults} was at the last look. */
  #checkedCount = 0;
  /** The end state of the session; undefined until its last completion. */
  #lastState: SessionState | undefined;

  constructor(input: ExchangeInput) {
    this.#input = input;
    this.#hasPendingSignal = input.startImmediately === true;
    this.view = { key: input.key, results: [], notices: [] };
  }

  /** Takes over a completion. Drops what is not one: any client may signal a workflow, and a later version may signal more. */
  acceptCompletion(completion: unknown): void {
    if (!isLinkCompleted(completion)) {
      log.error('dropped a linkCompleted signal whose payload is not a completion');
      metrics.signalsDropped({});
      return;
    }
    const { last, state, results } = completion;
    // A session that did not complete may have a result that came too late for it, so the count decides only for COMPLETED.
    if (state === 'COMPLETED' && results !== undefined)
      this.#expectedResults = Math.max(this.#expectedResults, results);
    else this.#hasPendingSignal = true;
    if (last) this.#lastState = state;
  }

  /** Brings each result to its end, until the session has signalled its last completion and nothing is left to do. */
  async endAllResults(): Promise<void> {
    const exchanges: Promise<void>[] = [];
    while (this.#lastState === undefined || this.#mustLook() || this.#running.size > 0) {
      await condition(() => this.#mustLook() || (this.#lastState !== undefined && this.#running.size === 0));
      if (!this.#mustLook()) continue;
      const { results, isCancelled } = await this.#look();
      this.#show({ results });
      for (const result of results) {
        if (result.state === 'PENDING' && !this.#running.has(result.resultId))
          exchanges.push(this.#end(result, isCancelled));
      }
    }
    await Promise.all(exchanges);
  }

  /** Adds the institutions to the search attributes: once, at the end, since each change costs an event. */
  publishInstitutions(): void {
    const ids = this.view.results
      .flatMap(({ institutionId }) => institutionId ?? [])
      .filter((id) => INSTITUTION_ID_PATTERN.test(id));
    if (ids.length > 0) upsertSearchAttributes([{ key: INSTITUTION_ATTRIBUTE, value: [...new Set(ids)] }]);
  }

  /** Notifies whoever waits for the end of the session. */
  async notifyEnd(): Promise<void> {
    const { key, notify, plaidFlow } = this.#input;
    const itemIds = this.view.results.flatMap(({ state, itemId }) =>
      state === 'LINKED' && itemId ? [itemId] : [],
    );
    this.#show({ notices: await notifyEnd(notify, plaidFlow, { key, state: this.#lastState!, itemIds }) });
  }

  #mustLook(): boolean {
    return (
      this.#hasPendingSignal || this.#expectedResults > Math.max(this.#checkedCount, this.view.results.length)
    );
  }

  /**
   * Reads the results from the vault. What follows a local activity may depend only on what was known before it: a replay may see a
   * signal and the activity's result in the other order.
   */
  async #look(): Promise<Look> {
    this.#hasPendingSignal = false;
    this.#checkedCount = this.#expectedResults;
    const isCancelled = this.#lastState === 'CANCELLED';
    return { results: await vault.listResults(this.#input.key), isCancelled };
  }

  async #end(result: ResultView, isCancelled: boolean): Promise<void> {
    this.#running.add(result.resultId);
    // Nobody wants an item that was linked while its session was being cancelled.
    const ended = await (isCancelled
      ? exchange.removeResult(result.resultId)
      : endResult(result, { allowDuplicates: this.#input.allowDuplicates }));
    if (ended.state !== 'PENDING') metrics.resultsEnded({ state: ended.state });
    this.#show({
      results: this.view.results.map((known) => (known.resultId === ended.resultId ? ended : known)),
    });
    this.#running.delete(result.resultId);
  }

  #show(change: Partial<ExchangeView>): void {
    Object.assign(this.view, change);
    setCurrentDetails(exchangeDetails(this.view));
  }
}
