import { Context } from '@temporalio/activity';

const RETRY_MS = 1_000;

/**
 * Repeats a write to the vault, once a second, while a token is in hand that Plaid may not show again. Gives up only when
 * the activity has to stop: the worker shuts down.
 *
 * @throws the last error of the write, then
 */
export async function retryStoreUntilShutdown<T>(store: () => Promise<T>): Promise<T> {
  const { cancellationSignal, log, sleep } = Context.current();
  for (;;) {
    try {
      return await store();
    } catch (error) {
      if (cancellationSignal.aborted) throw error;
      log.warn('a token cannot be stored; trying again', { error });
    }
    await sleep(RETRY_MS).catch(() => undefined);
  }
}
