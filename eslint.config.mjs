import js from '@eslint/js';
import boundaries from 'eslint-plugin-boundaries';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** The ground: what every other room stands on. */
const GROUND = ['domain', 'secrets', 'telemetry', 'http'];

/**
 * The rooms of src and its two doors, each with all that it may import besides its own files. Imports are denied by default, those
 * of types included. One way: cli | webhook -> client -> workflows -(types only)-> activities -> plaid | vault -> domain.
 */
const ROOMS = {
  domain: { packages: [], types: ['zod'] },
  secrets: { rooms: ['domain'], packages: ['node:*'] },
  telemetry: {
    rooms: ['domain', 'secrets'],
    packages: ['node:*', 'pino', '@opentelemetry/*', '@temporalio/common', '@temporalio/worker'],
  },
  http: { rooms: ['domain', 'secrets', 'telemetry'], packages: ['node:*', 'undici', 'fastify'] },

  plaid: { rooms: GROUND, packages: ['node:*', 'undici', 'zod', '@opentelemetry/api'] },
  requests: { rooms: [...GROUND, 'plaid'], packages: ['zod'] },
  vault: {
    rooms: GROUND,
    packages: ['node:*', 'pg', 'zod', '@electric-sql/*', 'fs-native-extensions', '@opentelemetry/api'],
  },
  callbacks: { rooms: GROUND, packages: ['node:*', 'zod'] },
  sandbox: {
    rooms: ['domain', 'secrets', 'plaid'],
    packages: ['node:*', 'fastify', 'undici', 'zod', 'jose'],
  },
  config: { rooms: [...GROUND, 'plaid', 'vault', 'callbacks'], packages: ['node:*', 'zod'] },

  activities: {
    rooms: [...GROUND, 'plaid', 'vault', 'requests', 'callbacks'],
    packages: [
      'node:*',
      '@temporalio/activity',
      '@temporalio/client',
      '@temporalio/common',
      '@temporalio/worker',
    ],
  },
  workflows: {
    rooms: ['domain'],
    typeRooms: ['activities'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
  },
  temporal: {
    rooms: [...GROUND, 'config', 'workflows'],
    packages: ['node:*', '@temporalio/*', '@opentelemetry/api'],
  },
  codec: { rooms: [...GROUND, 'temporal'], packages: ['node:*', '@temporalio/*'] },
  client: {
    rooms: [...GROUND, 'requests', 'vault', 'workflows', 'temporal', 'codec'],
    packages: ['node:*', '@temporalio/client', '@temporalio/common', '@temporalio/proto'],
  },
  'client.ts': {
    rooms: [...GROUND, 'client', 'requests', 'vault', 'workflows'],
    packages: ['@temporalio/client', '@temporalio/common'],
  },
  webhook: {
    rooms: [...GROUND, 'client.ts', 'client', 'plaid', 'vault', 'config', 'temporal'],
    packages: [
      'node:*',
      'fastify',
      'undici',
      'zod',
      '@temporalio/client',
      '@temporalio/worker',
      '@opentelemetry/api',
    ],
  },
  worker: {
    rooms: [
      ...GROUND,
      ...['plaid', 'vault', 'callbacks', 'config', 'activities', 'temporal', 'codec', 'webhook'],
    ],
    packages: ['node:*', 'fastify', '@temporalio/*'],
  },
  'worker.ts': { rooms: [...GROUND, 'worker', 'config', 'temporal'], packages: ['@temporalio/worker'] },
  ops: {
    rooms: [
      ...GROUND,
      ...[
        'plaid',
        'vault',
        'requests',
        'config',
        'workflows',
        'temporal',
        'codec',
        'client',
        'client.ts',
        'worker',
      ],
    ],
    packages: ['node:*', 'fastify', 'jose', 'undici', 'zod', '@temporalio/*'],
  },
  cli: {
    rooms: [
      ...GROUND,
      ...[
        'plaid',
        'vault',
        'requests',
        'sandbox',
        'config',
        'temporal',
        'codec',
        'client',
        'client.ts',
        'webhook',
      ],
      ...['worker', 'worker.ts', 'ops'],
    ],
    packages: ['node:*', 'commander', 'zod', '@temporalio/*'],
  },
  // The package's entries: each only names what it exports, and loads nothing that its process has no use for.
  entry: {
    rooms: [
      ...GROUND,
      ...['plaid', 'vault', 'requests', 'callbacks', 'sandbox', 'config', 'workflows', 'temporal', 'codec'],
      ...['client', 'client.ts', 'worker', 'worker.ts', 'webhook'],
    ],
    packages: [],
  },
};

const isDoor = (room) => room.endsWith('.ts');

/** Selects the files of a room, or a door. */
const within = (room) => (isDoor(room) ? { file: { categories: room } } : { element: { type: room } });

const policies = Object.entries(ROOMS).flatMap(
  ([room, { rooms = [], typeRooms = [], packages = [], types = [] }]) => {
    const allow = (to, more = {}) => ({ from: within(room), allow: { to, ...more } });
    const typesOnly = { dependency: { kind: 'type' } };
    return [
      ...[room, ...rooms].map((other) => allow(within(other))),
      ...typeRooms.map((other) => allow(within(other), typesOnly)),
      ...packages.map((source) => allow({ module: { source } })),
      ...types.map((source) => allow({ module: { source } }, typesOnly)),
    ];
  },
);

const walls = {
  plugins: { boundaries },
  files: ['src/**/*.ts'],
  settings: {
    'boundaries/elements': Object.keys(ROOMS)
      .filter((room) => !isDoor(room))
      .map((room) => ({ type: room, pattern: `src/${room}` })),
    'boundaries/files': Object.keys(ROOMS)
      .filter(isDoor)
      .map((door) => ({ category: door, pattern: `src/${door}` })),
    'boundaries/include': ['src/**/*', 'testing/**/*', 'tools/**/*', 'test/**/*', 'bench/**/*'],
    'boundaries/dependency-nodes': ['import', 'export', 'dynamic-import', 'require'],
    'import/resolver': { typescript: true },
  },
  rules: {
    'boundaries/no-unknown-files': 'error',
    'boundaries/dependencies': [
      'error',
      { default: 'disallow', checkAllOrigins: true, checkUnknownLocals: true, policies },
    ],
  },
};

const readsEnvironment = {
  object: 'process',
  property: 'env',
  message: 'Only src/config reads the environment.',
};

export default defineConfig(
  { ignores: ['dist/', 'coverage/', '.cache/', 'docs/api/', 'test/histories/'] },
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/no-deprecated': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // Numbers are safe to print; secrets are held by a class whose conversion to a string gives nothing away.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `async` turns a throw into a rejection, also where nothing is awaited.
      '@typescript-eslint/require-await': 'off',
      // What is handed around here are objects made by functions: their methods use no `this`.
      '@typescript-eslint/unbound-method': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-properties': ['error', readsEnvironment],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ImportDeclaration[source.value=/^(node:)?process$/]',
          message: 'Use the global; only src/config reads the environment.',
        },
      ],
    },
  },

  walls,
  {
    files: ['src/config/**/*.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['src/**/*.ts'],
    rules: { complexity: ['error', 15] },
  },
  {
    files: ['src/workflows/**/*.ts', 'src/activities/**/*.ts'],
    rules: { 'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }] },
  },

  // The fence: what runs in the Temporal sandbox. test/system/workflow-fence.test.ts catches what comes in through another file.
  {
    files: ['src/workflows/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'ImportExpression', message: 'The fence cannot see what import() brings in.' },
      ],
      'no-restricted-globals': [
        'error',
        ...[
          'process',
          'Buffer',
          'require',
          'module',
          'global',
          'globalThis',
          '__dirname',
          '__filename',
          'fetch',
        ].map((name) => ({ name, message: 'Not deterministic, or not there, in the Temporal sandbox.' })),
      ],
    },
  },

  {
    files: ['tools/**/*.ts', 'testing/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'src/cli/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts', 'testing/**/*.ts'],
    rules: {
      // Jest's asymmetric matchers, and the JSON that tests look into, are typed any.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  // What runs in a browser.
  {
    files: ['examples/app/page/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['document', 'window', 'EventSource', 'HTMLElement'].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: {
        ...{ process: 'readonly', console: 'readonly', module: 'writable', require: 'readonly' },
        ...{ fetch: 'readonly', Buffer: 'readonly' },
      },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
