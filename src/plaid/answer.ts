import type { z } from 'zod';
import { describeIssue, formatPath } from '../domain/input-error';
import { PlaidApiError, PlaidBadAnswerError, type CalledEndpoint } from './errors';
import type { HttpAnswer } from './post';
import { anyAnswer, plaidErrorAnswer } from './schemas';

/**
 * What a whole HTTP answer says, by the schema of its endpoint.
 * @throws PlaidApiError PLAID_ERROR when it is an error of Plaid's own, whatever its status
 * @throws PlaidBadAnswerError BAD_ANSWER when it is anything else that Plaid does not document
 */
export function readAnswer<T>(endpoint: CalledEndpoint, schema: z.ZodType<T>, answer: HttpAnswer): T {
  const { httpStatus } = answer;
  const json = parseJson(answer.body);
  if ('problem' in json) throw new PlaidBadAnswerError(endpoint, httpStatus, json.problem, undefined);

  const error = plaidErrorAnswer.safeParse(json.value);
  if (error.success) {
    // Plaid has one with a status of success: OAUTH_STATE_ID_ALREADY_PROCESSED comes with 208.
    const { error_type, error_code, request_id } = error.data;
    throw new PlaidApiError(endpoint, error_type, error_code, httpStatus, request_id);
  }
  if (httpStatus < 200 || httpStatus > 299) throw wrongShape(endpoint, httpStatus, json.value, error.error);
  const parsed = schema.safeParse(json.value);
  if (!parsed.success) throw wrongShape(endpoint, httpStatus, json.value, parsed.error);
  return parsed.data;
}

function parseJson(body: Buffer): { value: unknown } | { problem: string } {
  if (body.length === 0) return { problem: 'body: empty, expected JSON' };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return { problem: 'body: not UTF-8, expected JSON' };
  }
  try {
    return { value: JSON.parse(text) };
  } catch {
    // The parser's own message quotes the body.
    return { problem: `body: ${text.trimStart().startsWith('<') ? 'HTML' : 'not JSON'}, expected JSON` };
  }
}

function wrongShape(
  endpoint: CalledEndpoint,
  httpStatus: number,
  value: unknown,
  error: z.ZodError,
): PlaidBadAnswerError {
  const issue = error.issues[0]!;
  const problem = `${formatPath(issue.path) || 'body'}: ${describeIssue(issue)}`;
  return new PlaidBadAnswerError(endpoint, httpStatus, problem, anyAnswer.safeParse(value).data?.request_id);
}
