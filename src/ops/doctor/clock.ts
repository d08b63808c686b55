import { request } from 'undici';
import type { Settings } from '../../config/settings';
import { resolveBaseUrl } from '../../plaid/base-url';
import { ok, problem, warning, type Finding } from './finding';

/** From here on clocks are worth a look, in milliseconds. */
const WARN_MS = 5_000;

/** From here on webhooks may be refused, whose signatures may be 60 s ahead of our clock, in milliseconds. */
const WRONG_MS = 60_000;

/** How long Plaid may take for an answer, in milliseconds. */
const ANSWER_MS = 10_000;

const REMEDY = 'let all machines set their clocks by NTP';

/** When a clock was asked, and when it had answered, by ours, in milliseconds since the epoch. */
interface Asked {
  askedMs: number;
  answeredMs: number;
}

/** Holds a clock against ours. What the question itself may have taken counts in its favour. */
export function compareClock(check: string, theirMs: number, { askedMs, answeredMs }: Asked): Finding {
  const aheadMs = theirMs > answeredMs ? theirMs - answeredMs : Math.min(0, theirMs - askedMs);
  const apartMs = Math.abs(aheadMs);
  const message = `${Math.round(apartMs / 1_000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} ours`;
  if (apartMs >= WRONG_MS) return problem(check, message, REMEDY);
  if (apartMs >= WARN_MS) return warning(check, message, REMEDY);
  return ok(check, 'as ours');
}

/** Holds Plaid's clock against ours, by the Date of an answer to a request that has no keys and asks for nothing. */
export async function checkPlaidClock({ environment, plaidBaseUrl }: Settings): Promise<Finding[]> {
  const check = "Plaid's clock";
  const askedMs = Date.now();
  try {
    const { headers, body } = await request(resolveBaseUrl(environment, plaidBaseUrl), {
      method: 'HEAD',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    await body.dump();
    const theirMs = Date.parse(String(headers['date']));
    if (Number.isNaN(theirMs)) return [ok(check, 'not told in its answer')];
    // The header has whole seconds: the clock was anywhere within that one.
    const within = Math.min(Math.max(Date.now(), theirMs), theirMs + 999);
    return [compareClock(check, within, { askedMs, answeredMs: Date.now() })];
  } catch {
    return [warning(check, 'not known: Plaid did not answer', 'see to the way to Plaid first')];
  }
}
