import type { CompletionNotice } from 'hosted-link/workflows';

/** A workflow of an application that imports from the package. */
export async function applicationWorkflow(notice: CompletionNotice): Promise<string> {
  return notice.key;
}
