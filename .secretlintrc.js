/*
 * What must stand in no file of this repository, and in no output of its tests: see `npm run secrets`.
 *
 * What a test makes up must be told from what is real, by these rules and no others:
 * - a token of Plaid has `-4000-8000-` in the middle of its UUID, which chance makes once in 17 million;
 * - a connection string leads to this machine, to `db.example` or to `host`;
 * - keys that are published here, and protect nothing, are named below.
 */

const TOKEN = String.raw`(?:access|public|link)-(?:sandbox|development|production)-`;
const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/** Tokens that Plaid publishes in its documentation. */
const PUBLISHED_TOKENS = ['b0e2c4ee-a763-4df5-bfe9-46a46bce993d', '99ace160-3cf7-4e51-a083-403633425815'];

/** Private keys of the certificates for tests, by the end of their first line. */
const PUBLISHED_KEYS = ['JBNsuFOCKB+5AOUP', 'O44FLeL+/XXt+c3G', 'NqTQvteJ2fyfyjMM', 'nBrEHAVkc7B6/tKf'];

/** The key of what the first version sealed, and the secret of tests against a server on this machine. */
const PUBLISHED_SECRETS = ['ACVKb5S53gMoTXKXvOEGK1B1mr/kCS5TeJ3C5wwxVns=', 'b7c1d5e9f0a2b4c6d8e0f1a3b5c7d9'];

/** Allows what contains this text. */
function containing(text) {
  return `/${text.replace(/[+/]/g, String.raw`\$&`)}/`;
}

/** How a token begins in base64, at each of the three places that it can have in a group of three bytes. */
function inBase64(beginning) {
  return [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(beginning)]);
    return bytes.toString('base64').slice(Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6));
  });
}

const BEGINNINGS = ['access', 'public', 'link'].flatMap((kind) =>
  ['sandbox', 'development', 'production'].flatMap((environment) => inBase64(`${kind}-${environment}-`)),
);

module.exports = {
  rules: [
    {
      id: '@secretlint/secretlint-rule-preset-recommend',
      rules: [
        {
          id: '@secretlint/secretlint-rule-database-connection-string',
          options: { allows: [String.raw`/@(?:127\.0\.0\.1|db\.example|host)[:/]/`] },
        },
        {
          id: '@secretlint/secretlint-rule-basicauth',
          options: { allows: ['https://user:hunter2@production.plaid.com'] },
        },
        {
          id: '@secretlint/secretlint-rule-privatekey',
          options: { allows: PUBLISHED_KEYS.map(containing) },
        },
      ],
    },
    {
      id: '@secretlint/secretlint-rule-pattern',
      options: {
        patterns: [
          { name: 'a token of Plaid', patterns: [`/\\b${TOKEN}${UUID}\\b/i`] },
          {
            name: 'a token of Plaid in base64',
            // A UUID is 48 characters in base64, less what its borders share with their neighbours.
            patterns: [`/(?:${BEGINNINGS.join('|')})[A-Za-z0-9+/_-]{45}/`],
          },
          {
            name: 'the secret of a Plaid account',
            patterns: [String.raw`/plaid[_-]?secret["']?\s*[:=]\s*["']?[0-9a-f]{30,}/i`],
          },
          {
            name: 'a key of a ring',
            patterns: [String.raw`/\b[\w.-]{1,64}:[A-Za-z0-9+/]{43}=(?![A-Za-z0-9+/=])/`],
          },
          {
            name: 'a key in hex',
            patterns: [String.raw`/(?:key|secret)["']?\s*[:=]\s*["']?[0-9a-f]{64}\b/i`],
          },
        ],
        allows: [
          `/^${TOKEN}[0-9a-f]{8}-[0-9a-f]{4}-4000-8000-[0-9a-f]{12}$/i`,
          `/^${TOKEN}(?:${PUBLISHED_TOKENS.join('|')})$/`,
          ...PUBLISHED_SECRETS.map(containing),
        ],
      },
    },
  ],
};
