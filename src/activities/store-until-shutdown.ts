import { Context } from '@temporalio/activity';

const RETRY_MS = 1_000;

/**
 * Retries a write to the vault once a second, because Plaid may not return the token again. Gives up only when the activity has
 * to stop because the worker shuts down.
 *
 * @throws the last error of the write
 */
export async function retryStoreUntilShutdown<T>(store: () => Promise<T>): Promise<T> {
  const { cancellationSignal, log, sleep } = Context.current();
  for (;;) {
    try {
      return await store();
    } catch (error) {
      if (cancellationSignal.aborted) throw error;
      log.warn('a token cannot be stored; retrying', { error });
    }
    await sleep(RETRY_MS).catch(() => undefined);
  }
}
