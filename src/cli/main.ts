import { InputError } from '../domain/input-error';
import { EXIT_FAILURE, EXIT_INPUT, EXIT_PIPE } from './exit-codes';
import { missingPackage } from './missing-package';
import { commandError, printFailure } from './print';
import { createProgram } from './program';

/** Read before the arguments are parsed, since it also decides how an error in them is printed. */
const json = process.argv.includes('--json');

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT_PIPE);
    throw error;
  });
}

createProgram(json)
  .parseAsync()
  .catch((thrown: unknown) => {
    const error = missingPackage(thrown) ?? thrown;
    printFailure(commandError(error), json);
    process.exitCode = error instanceof InputError ? EXIT_INPUT : EXIT_FAILURE;
  });
