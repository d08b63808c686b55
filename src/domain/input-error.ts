import type { z } from 'zod';

/**
 * Bad input by whoever calls or configures this project: a setting, an option of a command, a field of a request.
 * `message` is `<field>: <what is wrong>; <what to do>` and never holds the value.
 */
export class InputError extends Error {
  readonly code = 'INVALID_INPUT';

  /**
   * @param field the name that the caller knows it by, such as `PLAID_ENV`, `--sms` or `user.client_user_id`
   * @param problem `<what is wrong>; <what to do>`, without the value
   */
  constructor(
    readonly field: string,
    readonly problem: string,
  ) {
    super(`${field}: ${problem}`);
    this.name = 'InputError';
  }
}

/** Several problems, at least one, as one error: a line each, under the first one's field. */
export function combineInputErrors(errors: readonly InputError[]): InputError {
  const first = errors[0]!;
  return new InputError(
    first.field,
    [first.problem, ...errors.slice(1).map(({ message }) => message)].join('\n'),
  );
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

/** What a zod issue says is wrong, without zod's preamble; zod names kinds and bounds here, never the value. */
export function describeIssue(issue: z.core.$ZodIssue): string {
  return issue.message.replace(/^(Invalid (input|option|string|number)|Too (big|small)): /, '');
}

/**
 * The first issue of a failed zod parse as an {@link InputError}. A schema that has a better remedy than
 * "correct it" gives its own message, `<what is wrong>; <what to do>`.
 * @param prefix put before the path, such as `request`; also the whole field when the value itself is wrong
 */
export function inputErrorFrom(error: z.ZodError, prefix = ''): InputError {
  const issue = error.issues[0]!;
  const path = formatPath(issue.path);
  const dot = prefix !== '' && path !== '' && !path.startsWith('[') ? '.' : '';
  const problem = describeIssue(issue);
  return new InputError(
    prefix + dot + path || 'input',
    problem.includes('; ') ? problem : withRemedy(issue, problem),
  );
}

function withRemedy(issue: z.core.$ZodIssue, problem: string): string {
  if (issue.code === 'invalid_type' && problem.endsWith('received undefined')) {
    return `missing; give ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
  }
  if (issue.code === 'unrecognized_keys') return `${problem}; leave out what is not known`;
  return `${problem}; correct it`;
}
