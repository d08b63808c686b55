import { InputError } from '../domain/input-error';
import { EXIT_FAILURE, EXIT_INPUT, EXIT_PIPE } from './exit-codes';
import { commandError, printFailure } from './print';
import { createProgram } from './program';

/** Looked for before the arguments are understood, since what is wrong with them is told by it too. */
const json = process.argv.includes('--json');

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT_PIPE);
    throw error;
  });
}

createProgram(json)
  .parseAsync()
  .catch((error: unknown) => {
    printFailure(commandError(error), json);
    process.exitCode = error instanceof InputError ? EXIT_INPUT : EXIT_FAILURE;
  });
