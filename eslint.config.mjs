import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/*
 * The layers: cli | webhook -> client -> workflows -(types only)-> activities -> plaid | vault -> session.
 * Files beside session.ts that belong to no layer may be used by all but the workflows.
 */
const BASE = [
  'session',
  'secret',
  'secret-file',
  'package-version',
  'digest',
  'http-limits',
  'input-error',
  'key-ring',
  'printable',
  'redact',
  'logger',
  'listen-error',
  'bounded-post',
  'span',
  'spaced-log',
];
const TEMPORAL = { regex: '^@temporalio/', message: 'This layer knows nothing of Temporal.' };

/** Refuses every relative import of the files but siblings and `allowed` (regular expressions, from src). */
function layer(files, allowed, { up = '../', more = [], rules = {}, ...rest } = {}) {
  const base = up.replaceAll('.', '\\.');
  return {
    files,
    ...rest,
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^${base}(?!(?:${allowed.join('|')})$)`,
              message: `May import only siblings and src/{${allowed.join(', ')}}: see the layers in eslint.config.mjs.`,
            },
            ...more,
          ],
        },
      ],
      ...rules,
    },
  };
}

/** The same for files in src itself. */
function topLayer(files, allowed, options) {
  return layer(files, allowed, { up: './', ...options });
}

const readsEnvironment = {
  object: 'process',
  property: 'env',
  message: 'Only src/config.ts reads the environment.',
};

const typesOnly = (regex) => ({ regex, allowTypeImports: true, message: 'Only its types may be imported.' });

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
          message: 'Use the global; only src/config.ts reads the environment.',
        },
      ],
    },
  },

  // Layers.
  {
    files: ['src/session.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            ':matches(ImportDeclaration, ExportNamedDeclaration[source], ExportAllDeclaration, ImportExpression)',
          message: 'src/session.ts imports nothing.',
        },
      ],
    },
  },
  // What joins the layers for worker and command line: settings, keys, connections.
  topLayer(
    ['src/*.ts'],
    ['(?!(?:cli|doctor|reconcile|webhook|sandbox)(?:/|$)|worker$)[a-z-]+(?:/[a-z-]+)?'],
    {
      ignores: ['src/session.ts', 'src/start-receiver.ts'],
    },
  ),
  topLayer(['src/start-receiver.ts'], ['(?!(?:cli|sandbox)(?:/|$)|worker$)[a-z-]+(?:/[a-z-]+)?']),
  // The package's entries: each only names what it lets out, and loads nothing that its process has no use for.
  layer(
    ['src/entry/client.ts'],
    [
      '(?:client|config|input-error|key-ring|keys|needs|session|setting-schema|start-request)',
      'callback/sender',
      'codec/[a-z-]+',
      'tracing/(?:client-spans|settings)',
      'vault/vault',
      'workflows/[a-z-]+',
    ],
  ),
  layer(['src/entry/callbacks.ts'], ['(?:input-error|session)', 'callback/verify']),
  layer(
    ['src/entry/worker.ts'],
    ['(?:config|input-error|logger|metrics|plugin|session-workers|worker)', 'vault'],
  ),
  layer(
    ['src/entry/vault.ts'],
    ['(?:config|digest|input-error|open-vault|secret)', 'vault', 'vault/[a-z-]+'],
  ),
  layer(['src/entry/workflows.ts'], ['session', 'workflows/[a-z-]+']),
  layer(['src/entry/testing.ts'], ['sandbox', 'sandbox/[a-z-]+']),
  topLayer(
    [
      'src/{secret,secret-file,digest,http-limits,input-error,key-ring,printable,redact,logger,listen-error,bounded-post,span,spaced-log,key-strength,needs,setting-files,setting-schema}.ts',
    ],
    BASE,
  ),
  topLayer(
    ['src/config.ts'],
    [
      ...BASE,
      'key-strength',
      'needs',
      'setting-files',
      'setting-schema',
      'callback/[a-z-]+',
      'plaid/[a-z-]+',
      'vault/[a-z-]+',
      'codec/[a-z-]+',
      'tracing/settings',
    ],
  ),
  {
    files: ['src/config.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  layer(['src/plaid/**/*.ts'], BASE, { more: [TEMPORAL] }),
  layer(['src/vault/**/*.ts'], BASE, { more: [TEMPORAL] }),
  layer(['src/codec/**/*.ts'], [...BASE, 'tracing/client-spans']),
  layer(['src/tracing/**/*.ts'], [...BASE, 'workflows/(?:trace|trace-header)']),
  layer(['src/sandbox/*.ts'], [...BASE, 'plaid/schemas'], { more: [TEMPORAL] }),
  layer(['src/sandbox/page/*.ts'], BASE, {
    up: '../../',
    more: [TEMPORAL],
  }),
  layer(['src/callback/**/*.ts'], BASE, { more: [TEMPORAL] }),
  layer(['src/rates/**/*.ts'], [...BASE, 'plaid/[a-z-]+']),
  layer(
    ['src/activities/**/*.ts'],
    [...BASE, 'metrics', 'start-request', 'callback/[a-z-]+', 'plaid/[a-z-]+', 'vault', 'vault/[a-z-]+'],
  ),
  topLayer(['src/start-request.ts'], [...BASE, 'plaid/[a-z-]+'], { more: [TEMPORAL] }),
  topLayer(
    [
      'src/{client,client-error,deadline,session-list,start-session,status-report,guidance,remove-item,look-again,replay-callbacks,workflow-history}.ts',
    ],
    [
      ...BASE,
      'client',
      'client-error',
      'deadline',
      'start-request',
      'start-session',
      'session-list',
      'status-report',
      'remove-item',
      'look-again',
      'replay-callbacks',
      'workflow-history',
      'guidance',
      'workflows',
      'workflows/[a-z-]+',
      'vault/[a-z-]+',
      'plaid/[a-z-]+',
      'codec/payload-codec',
    ],
    { more: [typesOnly('^\\./workflows$')] },
  ),
  layer(
    ['src/doctor/**/*.ts'],
    [
      ...BASE,
      'config',
      'keys',
      'search-attributes',
      'temporal-connection',
      'plaid/[a-z-]+',
      'rates/[a-z-]+',
      'vault',
    ],
  ),
  layer(
    ['src/reconcile/**/*.ts'],
    [
      ...BASE,
      'workflow-history',
      'look-again',
      'remove-item',
      'start-request',
      'codec/payload-codec',
      'plaid/[a-z-]+',
      'vault',
      'workflows/[a-z-]+',
    ],
  ),
  layer(['src/webhook/**/*.ts'], [...BASE, 'client', 'client-error', 'webhook-outcome', 'plaid/[a-z-]+']),

  // The fence: what runs in the Temporal sandbox. test/workflow-fence.test.ts catches what comes in through another file.
  {
    files: ['src/workflows/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex:
                '^(?!(?:@temporalio/(?:workflow|common)|\\.\\./session|\\./[a-z-]+|\\.\\./activities(?:/[a-z-]+)?)$)',
              message:
                'Workflows may import only @temporalio/workflow, @temporalio/common, ../session and their siblings.',
            },
            typesOnly('^\\.\\./activities(?:/|$)'),
          ],
        },
      ],
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
    files: ['dev/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts', 'src/cli/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.ts'],
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
    files: ['**/*.js', '**/*.mjs'],
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
