import { type ChildRequest, startHostedLinkSession } from 'hosted-link/workflows';

/** A workflow of an application that imports from the package. */
export async function applicationWorkflow(request: ChildRequest): Promise<string> {
  const { workflowId } = await startHostedLinkSession(request);
  return workflowId;
}
