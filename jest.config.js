const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

// What the processes of a run find out once for all of them (testing/programs.ts).
const runFolder = mkdtempSync(join(tmpdir(), 'hosted-link-tests-'));
process.env.TEST_RUN_FOLDER = runFolder;
process.once('exit', () => rmSync(runFolder, { recursive: true, force: true }));
// gRPC would ask the proxy of HTTPS_PROXY even for servers on loopback.
process.env.no_grpc_proxy = '127.0.0.1';

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
  moduleNameMapper: {
    '^hosted-link/([a-z]+)$': '<rootDir>/src/entry/$1',
    // Commands import what they run by the name of the compiled file, as Node demands of import().
    '^\\./actions/([a-z-]+)\\.js$': '<rootDir>/src/cli/actions/$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.cache/'],
};

/** The tests of a folder of `test`. */
function project(name) {
  return { ...shared, displayName: name, testMatch: [`<rootDir>/test/${name}/**/*.test.ts`] };
}

/** @type {import('jest').Config} */
module.exports = {
  projects: [project('unit'), project('database'), project('temporal'), project('system')],
  testTimeout: 60_000,
  maxWorkers: 2,
};
