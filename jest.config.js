const shared = {
  testEnvironment: 'node',
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
};

/** The tests of a folder of `test`. */
function project(name, more = {}) {
  return { ...shared, displayName: name, testMatch: [`<rootDir>/test/${name}/**/*.test.ts`], ...more };
}

const servers = { globalSetup: '<rootDir>/testing/global-setup.ts' };

/** @type {import('jest').Config} */
module.exports = {
  projects: [
    project('unit'),
    project('database', servers),
    project('temporal', servers),
    project('system', servers),
  ],
  testTimeout: 60_000,
  maxWorkers: 2,
};
