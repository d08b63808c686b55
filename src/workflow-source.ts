/** The workflows and the interceptors that go with them, as the SDK's bundler wants them. */
export const WORKFLOW_SOURCE = {
  workflowsPath: require.resolve('./workflows'),
  workflowInterceptorModules: [require.resolve('./workflows/unreadable-signals')],
};
