import {
  type DestinationStream,
  destination as fileDestination,
  type Logger,
  pino,
  stdTimeFunctions,
} from 'pino';
import type { LogLevel } from './log-levels';
import { printableJson } from '../secrets/printable';
import { isError, redact, redactTokens } from '../secrets/redact';

export type { Logger } from 'pino';

export interface LoggerOptions {
  level: LogLevel;
  /** Default: standard error, written at once, since standard output belongs to what a command prints. */
  destination?: DestinationStream | undefined;
}

/**
 * A logger of JSON lines with `level` (its name), `time` (ISO 8601), `pid`, `hostname` and `msg`. It is the last line of defence
 * against secrets in logs, never the first: everything it is given goes through `redact`, and the finished line is searched
 * for Plaid's tokens once more. No character of it acts on a terminal. Errors appear with name, code, message, stack and causes, and nothing else of them.
 */
export function createLogger({ level, destination }: LoggerOptions): Logger {
  const logger = pino(
    {
      level,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // `redact` has made a plain object of the error already.
      serializers: { err: (error: unknown) => error },
      hooks: {
        logMethod(args, method) {
          const [first, ...rest] = args as unknown[];
          const redacted = [isError(first) ? { err: redact(first) } : redact(first), ...rest.map(redact)];
          method.apply(this, redacted as Parameters<typeof method>);
        },
        streamWrite: (line) => printableJson(redactTokens(line)),
      },
    },
    destination ?? fileDestination({ dest: 2, sync: true }),
  );
  return redactBindings(logger);
}

/** pino applies none of the above to what child loggers are bound to. */
function redactBindings(logger: Logger): Logger {
  const { child, setBindings } = logger;
  return Object.assign(logger, {
    child(this: Logger, bindings: object, options?: object) {
      return child.call(this, redact(bindings) as object, options);
    },
    setBindings(this: Logger, bindings: object) {
      setBindings.call(this, redact(bindings) as object);
    },
  });
}
