import type { z } from 'zod';

/**
 * Bad input by whoever calls or configures this project: a setting, an option of a command, a field of a request.
 * `message` is `<field>: <problem>; <remedy>`, a line for each problem, and never contains the value.
 */
export class InputError extends Error {
  readonly code = 'INVALID_INPUT';

  /**
   * @param field the name that the caller knows it by, such as `PLAID_ENV`, `--sms` or `user.client_user_id`
   * @param problem what is wrong, without the value
   * @param remedy what to do
   * @param others further problems that were found with this one: see `combineInputErrors`
   */
  constructor(
    readonly field: string,
    readonly problem: string,
    readonly remedy: string,
    readonly others: readonly InputError[] = [],
  ) {
    super([`${field}: ${problem}; ${remedy}`, ...others.map(({ message }) => message)].join('\n'));
    this.name = 'InputError';
  }
}

/** Combines at least one error into one, which has the first one's field, problem and remedy, and the rest as `others`. */
export function combineInputErrors(errors: readonly InputError[]): InputError {
  const [first, ...others] = errors.flatMap(separateInputErrors);
  return new InputError(first!.field, first!.problem, first!.remedy, others);
}

/** Returns the problems of a combined error, each as an error of its own: the reverse of `combineInputErrors`. */
export function separateInputErrors({ field, problem, remedy, others }: InputError): InputError[] {
  return [new InputError(field, problem, remedy), ...others];
}

/** A path such as `['user', 'names', 0]` as people write it: `user.names[0]`. Empty for the whole value. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? String(part) : `.${String(part)}`;
  }
  return text;
}

/**
 * ASCII's unit separator. A zod message has room for one string only, and no text for people contains this character.
 */
const SEPARATOR = '\u001f';

/** Makes the message of a zod check whose remedy is better than "correct it". {@link inputErrorFrom} takes it apart. */
export function issueMessage(problem: string, remedy: string): string {
  return problem + SEPARATOR + remedy;
}

/** Says what is wrong by a zod issue, without zod's preamble; zod names kinds and bounds here, never the value. */
export function describeIssue(issue: z.core.$ZodIssue): string {
  const [problem = ''] = issue.message.split(SEPARATOR);
  return problem.replace(/^(Invalid (input|option|string|number)|Too (big|small)): /, '');
}

/**
 * Makes an {@link InputError} of the first issue of a failed zod parse.
 * @param prefix put before the path, such as `request`; also the whole field when the value itself is wrong
 */
export function inputErrorFrom(error: z.ZodError, prefix = ''): InputError {
  const issue = error.issues[0]!;
  const path = formatPath(issue.path);
  const dot = prefix !== '' && path !== '' && !path.startsWith('[') ? '.' : '';
  return new InputError(prefix + dot + path || 'input', ...problemAndRemedy(issue));
}

function problemAndRemedy(issue: z.core.$ZodIssue): [problem: string, remedy: string] {
  const problem = describeIssue(issue);
  const [, remedy] = issue.message.split(SEPARATOR);
  if (remedy !== undefined) return [problem, remedy];
  if (issue.code === 'invalid_type' && problem.endsWith('received undefined')) {
    return ['missing', `give ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`];
  }
  if (issue.code === 'unrecognized_keys') return [problem, 'leave out what is not known'];
  return [problem, 'correct it'];
}
