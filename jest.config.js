/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  globalSetup: '<rootDir>/testing/global-setup.ts',
  transform: {
    '^.+\\.[cm]?[jt]s$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  // jose is published as ES modules only; Node imports it as it is, Jest loads it as CommonJS.
  transformIgnorePatterns: ['/node_modules/(?!jose/)'],
  // The package by its own name, as applications import it.
  moduleNameMapper: { '^hosted-link/([a-z]+)$': '<rootDir>/src/entry/$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  testTimeout: 60_000,
  maxWorkers: 2,
};
