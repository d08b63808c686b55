/** What a command exits with; docs/cli.md lists them. 0: it did what it was asked to, and nothing is wrong. */

/** It failed, or what it was to check or finish is not right. */
export const EXIT_FAILURE = 1;

/** Bad input: a setting, an option, a request, an unknown command. Nothing was started. */
export const EXIT_INPUT = 2;

/** The session has ended, and not well: see `endedExitCode`. */
export const EXIT_SESSION_NOT_COMPLETED = 3;

/** A signal ended it before it was done; by custom 128 + SIGINT. */
export const EXIT_SIGNAL = 130;

/** Nobody reads what it prints any more, as with `| head`; by custom 128 + SIGPIPE. */
export const EXIT_PIPE = 141;
