import { isGrpcServiceError } from '@temporalio/client';
import { InputError } from '../../domain/input-error';
import { VaultError } from '../../vault';
import { problem, type Finding } from './finding';

/** gRPC's codes that tell an operator something, by their names. */
const GRPC_CODES: Partial<Record<number, string>> = {
  4: 'DEADLINE_EXCEEDED',
  5: 'NOT_FOUND',
  7: 'PERMISSION_DENIED',
  12: 'UNIMPLEMENTED',
  14: 'UNAVAILABLE',
  16: 'UNAUTHENTICATED',
};

/**
 * Reports an error as a problem. Our own errors are written to be shown; of any other it shows the kind only, since its message
 * may contain anything.
 */
export function refusal(check: string, error: unknown): Finding {
  if (error instanceof InputError) return problem(check, `${error.field}: ${error.problem}`, error.remedy);
  if (error instanceof VaultError) return problem(check, error.problem, error.remedy ?? remedyOf(error.code));
  if (isGrpcServiceError(error)) {
    const reason = GRPC_CODES[error.code] ?? `gRPC code ${error.code}`;
    return problem(check, `the Temporal server refused to answer (${reason})`, GRPC_REMEDY);
  }
  const { name, code } = error as NodeJS.ErrnoException;
  return problem(check, `failed unexpectedly (${code ?? name})`, 'report it, with this line');
}

const GRPC_REMEDY = 'check TEMPORAL_NAMESPACE, and what its API key or certificate may do';

function remedyOf(code: string): string {
  if (code === 'VAULT_UNREACHABLE') return 'start the database, or correct DATABASE_URL';
  return 'see docs/operations.md';
}
