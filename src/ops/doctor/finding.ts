/** One line of `hosted-link doctor`. None of its texts holds a secret. */
export interface Finding {
  /** What was looked at, in a few words. */
  check: string;
  /** problem: something cannot work. warning: it works, but not as well, or as safely, as it should. */
  level: 'ok' | 'warning' | 'problem';
  /** What was found. */
  message: string;
  /** What to do about it; undefined when nothing is. */
  remedy: string | undefined;
}

/** Nothing is to be done. */
export function ok(check: string, message: string): Finding {
  return { check, level: 'ok', message, remedy: undefined };
}

/** It works, but somebody should look at it. */
export function warning(check: string, message: string, remedy: string): Finding {
  return { check, level: 'warning', message, remedy };
}

/** It cannot work. */
export function problem(check: string, message: string, remedy: string): Finding {
  return { check, level: 'problem', message, remedy };
}
