import { setTimeout as delay } from 'node:timers/promises';

const TRIES = 10;
const BETWEEN_TRIES_MS = 2_000;

/**
 * Tries to reach a server that may be starting: 10 times, 2 s apart.
 *
 * @param onFailure called before each wait with the number of tries that are left
 * @throws the error of the last try
 */
export async function retryForAWhile<T>(
  attempt: () => Promise<T>,
  onFailure: (triesLeft: number) => void,
  isWorthRetrying: (error: unknown) => boolean = () => true,
): Promise<T> {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0 || !isWorthRetrying(error)) throw error;
      onFailure(left);
      await delay(BETWEEN_TRIES_MS);
    }
  }
}
