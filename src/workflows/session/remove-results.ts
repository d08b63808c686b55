import { exchange, vault } from '../activity-proxies';
import { metrics } from '../metrics';

/** Removes what a cancelled session has linked, or still could link: no item may remain that nobody asked for. */
export async function removeResults(key: string): Promise<void> {
  const results = await vault.listResults(key);
  await Promise.all(
    results.map(async (result) => {
      const { state } = await exchange.removeResult(result.resultId);
      if (result.state === 'PENDING' && state !== 'PENDING') metrics.resultsEnded({ state });
    }),
  );
}
