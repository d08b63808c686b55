import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { withBenchTables } from '../../bench/performance-page';
import { readResults } from '../../bench/results';
import { allCommands, withCommands } from '../../tools/cli-page';
import { SCHEMAS } from '../../tools/json-schemas';
import { withSettingsTables } from '../../tools/settings-tables';
import { createProgram } from '../../src/cli/program';
import { PLAID_FLOWS, type PlaidFlow, PLAID_FLOW_RULES } from '../../src/domain/plaid-flow';
import { nextPollDelayMs } from '../../src/domain/schedule';
import { RESULT_STATES, SESSION_STATES } from '../../src/domain/states';

const ROOT = join(__dirname, '../..');

const DOCS = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path)),
].sort();

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** How many gets a session makes by itself, with the mean of the jitter. */
function getsWithin(durationMs: number, plaidFlow: PlaidFlow): number {
  let gets = 0;
  for (let at = 0; at < durationMs; gets += 1) {
    const maxDelayMs = PLAID_FLOW_RULES[plaidFlow].maxPollDelayMs;
    at += nextPollDelayMs({ sinceChangeMs: at, untilDeadlineMs: durationMs - at, maxDelayMs, jitter: 0.5 });
  }
  return gets;
}

/** The code of the examples, by the document that shows it. */
const EXAMPLES: Record<string, string[]> = {
  'docs/embedding.md': filesIn('examples/embedding'),
  'docs/learning-of-the-end.md': filesIn('examples/the-end'),
};

const { scripts, dependencies, peerDependencies } = JSON.parse(read('package.json')) as Record<
  'scripts' | 'dependencies' | 'peerDependencies',
  Record<string, string>
>;

describe('the documents', () => {
  it('link only to what is there', () => {
    const links = DOCS.flatMap((doc) => relativeLinks(read(doc)).map((link) => ({ doc, link })));
    expect(links.map(({ link }) => link)).toContain('docs/settings.md');
    expect(links.filter(({ doc, link }) => !linkLeadsSomewhere(doc, link))).toEqual([]);
  });

  it('name only npm scripts that exist', () => {
    const named = DOCS.flatMap((doc) =>
      [...read(doc).matchAll(/npm run ([a-z][a-z:-]*)|npm (test)\b/g)].map(([, script, test]) => ({
        doc,
        script: script ?? test!,
      })),
    );
    expect(named.map(({ script }) => script)).toEqual(expect.arrayContaining(['demo', 'test']));
    expect(named.filter(({ script }) => scripts[script] === undefined)).toEqual([]);
  });

  it('name only commands of hosted-link that exist, with options that they have', () => {
    const named = DOCS.flatMap((doc) => commandLines(read(doc)).map((line) => ({ doc, ...line })));
    expect(new Set(named.map(({ name }) => name))).toEqual(new Set(commands.keys()));
    const wrong = named.filter(({ name, rest, flags }) => {
      const command = commands.get(name)!;
      const subcommand = command.commands.find((one) => one.name() === rest[0]);
      if (command.commands.length > 0 && !subcommand && rest.length > 0) return true;
      const known = (subcommand ?? command).options.map(({ long }) => long);
      return flags.some((flag) => !known.includes(flag));
    });
    expect(wrong).toEqual([]);
  });

  it('can all be reached from README.md', () => {
    const reached = new Set<string>();
    const follow = (doc: string) => {
      if (reached.has(doc)) return;
      reached.add(doc);
      for (const link of relativeLinks(read(doc))) {
        const target = relative(ROOT, join(ROOT, dirname(doc), link.split('#')[0]!));
        if (target.endsWith('.md')) follow(target);
        else if (DOCS.includes(join(target, 'README.md'))) follow(join(target, 'README.md'));
      }
    };
    follow('README.md');
    expect(DOCS.filter((doc) => !reached.has(doc))).toEqual([]);
  });

  it('list every command in README.md', () => {
    const listed = tableCells(read('README.md'), 0).filter((cell) => cell.startsWith('`hosted-link '));
    expect(listed.sort()).toEqual([...commands.keys()].map((name) => `\`hosted-link ${name}\``).sort());
  });

  it('hold only TypeScript that compiles', () => {
    // What a document shows of the examples is compiled in its place.
    const shown = DOCS.flatMap((doc) => fences(read(doc), 'ts'));
    expect(compileErrors(shown.filter((code) => !Object.values(EXAMPLES).flat().includes(code)))).toEqual([]);
  });
});

describe.each(Object.entries(EXAMPLES))('%s', (doc, examples) => {
  it('shows the examples as they are, which the tests run', () => {
    expect(examples).toHaveLength(3);
    expect(fences(read(doc), 'ts')).toEqual(expect.arrayContaining(examples));
  });
});

describe('docs/other-languages.md', () => {
  it('shows the example in Python as it is, which a test runs', () => {
    const shown = ['hosted_link_codec.py', 'session.py'].map((file) => read(join('examples/python', file)));
    expect(fences(read('docs/other-languages.md'), 'py')).toEqual(shown);
  });

  it('names what the published schema defines', () => {
    const { definitions } = JSON.parse(read('schemas/session.schema.json')) as { definitions: object };
    const named = [...read('docs/other-languages.md').matchAll(/`([A-Z][A-Za-z]+)`/g)].map(
      ([, name]) => name!,
    );
    expect(named).toContain('SessionView');
    const ids = ['UTF', 'AES'];
    expect(named.filter((name) => !ids.includes(name) && !(name in definitions))).toEqual([]);
  });
});

describe.each(Object.entries(SCHEMAS))('%s', (file, schema) => {
  it('is what npm run docs:schemas makes of the types as they are', () => {
    expect(JSON.parse(read(file))).toEqual(JSON.parse(JSON.stringify(schema())));
  });
});

describe('docs/cli.md', () => {
  const page = read('docs/cli.md');

  it('has the commands and shapes that npm run docs:cli makes of the command line and its schema', () => {
    expect(spaceless(withCommands(page))).toBe(spaceless(page));
    for (const { name } of allCommands()) expect(page).toContain(`\n### hosted-link ${name}\n`);
  });

  it('lists the exit codes', () => {
    const codes = [...read('src/cli/exit-codes.ts').matchAll(/export const EXIT_\w+ = (\d+);/g)].map(
      ([, code]) => code!,
    );
    expect(codes).toContain('2');
    expect(tableCells(page, 0)).toEqual(expect.arrayContaining(['0', ...codes]));
  });
});

describe('docs/performance.md', () => {
  it('has the tables that npm run docs:performance makes of what is kept in bench/results', async () => {
    const page = read('docs/performance.md');
    expect(spaceless(withBenchTables(page, await readResults()))).toBe(spaceless(page));
  });
});

describe('docs/deploy.md', () => {
  it.each(PLAID_FLOWS)(
    'counts the gets of a link that nobody touches as the schedule of %s has them',
    (plaidFlow) => {
      const row = new RegExp(`^\\| \`${plaidFlow}\` +\\|(.* gets .*)\\|$`, 'm').exec(
        read('docs/deploy.md'),
      )![1]!;
      const told = row.split('|').map((cell) => Number(/([\d,]+) gets/.exec(cell)![1]!.replace(',', '')));
      expect(told).toEqual(
        [1, 4, 24, 7 * 24, 21 * 24].map((hours) => getsWithin(hours * 3_600_000, plaidFlow)),
      );
    },
  );
});

describe('docs/settings.md', () => {
  const sections = read('docs/settings.md').split(/^## /m);
  const settingsIn = (title: string) =>
    tableCells(
      sections.find((section) => section.startsWith(title))!,
      0,
    ).flatMap((cell) => {
      const name = /^`([A-Z][A-Z0-9_]*)`$/.exec(cell);
      return name ? [name[1]!] : [];
    });

  it('has the tables that npm run docs:settings makes of src/config/setting-schema.ts', () => {
    const page = read('docs/settings.md');
    expect(spaceless(withSettingsTables(page))).toBe(spaceless(page));
    expect(settingsIn('Settings of hosted-link')).toContain('PLAID_SECRET_FILE');
  });

  it('lists only settings of Temporal that its library reads', () => {
    const library = dirname(require.resolve('@temporalio/envconfig/package.json'));
    const source = readdirSync(join(library, 'lib'))
      .filter((file) => file.endsWith('.js'))
      .map((file) => readFileSync(join(library, 'lib', file), 'utf8'))
      .join('\n');
    const listed = settingsIn('Temporal');
    expect(listed).toContain('TEMPORAL_ADDRESS');
    expect(listed.filter((name) => !new RegExp(`\\b${name}\\b`).test(source))).toEqual([]);
  });

  it('lists only settings of demo and tests that their sources name', () => {
    const sources = ['tools', 'testing', 'test']
      .flatMap((folder) =>
        readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
          join(folder, file),
        ),
      )
      .filter((file) => file.endsWith('.ts') && file !== 'test/system/docs.test.ts')
      .map(read)
      .join('\n');
    const listed = settingsIn('Demo and tests');
    expect(listed).toContain('TEMPORAL_CLI_PATH');
    expect(listed.filter((name) => !new RegExp(`\\b${name}\\b`).test(sources))).toEqual([]);
  });
});

describe('docs/plaid.md', () => {
  it('has the error table of src/plaid/error-classes.ts', () => {
    const rows = read('docs/plaid.md')
      .split('\n')
      .map((line) => /^\| `([A-Z_]+)` +\| (?:`([A-Z_]+)`|any other) +\| `([a-z]+)` +\|$/.exec(line))
      .flatMap((match) => (match ? [[match[1], match[2] ?? '*', match[3]].join(' ')] : []));
    expect(rows.sort()).toEqual(errorClasses().sort());
  });

  it('names every endpoint that the client calls', () => {
    const called = [...read('src/plaid/client.ts').matchAll(/call\('(\/[a-z_/]+)'/g)].map(
      ([, path]) => path!,
    );
    expect(called).not.toEqual([]);
    expect(
      tableCells(read('docs/plaid.md'), 0)
        .filter((cell) => /^`[^`]+`$/.test(cell) && cell.startsWith('`/'))
        .sort(),
    ).toEqual([...new Set(called)].map((path) => `\`${path}\``).sort());
  });
});

describe('docs/operations.md', () => {
  it('tells what to do in each state of a session, of a result, and of the health', () => {
    const cells = tableCells(read('docs/operations.md'), 0);
    const states = [...SESSION_STATES, ...RESULT_STATES, 'OK', 'ERRORS', 'OPERATOR'];
    expect(states.filter((state) => !cells.includes(`\`${state}\``))).toEqual([]);
  });
});

describe('docs/decisions/0008-runtime-dependencies.md', () => {
  it('gives a reason for each runtime dependency, and for no other', () => {
    const named = tableCells(read('docs/decisions/0008-runtime-dependencies.md'), 0).flatMap((cell) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!),
    );
    expect(named.sort()).toEqual(Object.keys({ ...dependencies, ...peerDependencies }).sort());
  });
});

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).map((file) => read(join(folder, file)));
}

/** The commands by their names. */
const commands = new Map(createProgram(false).commands.map((command) => [command.name(), command]));

/** Each `hosted-link NAME` in code, with the words and the options that follow it there. */
function commandLines(text: string): { name: string; rest: string[]; flags: string[] }[] {
  const code = [...text.matchAll(/```(?:sh|console)?\n([\s\S]*?)```|`([^`\n]+)`/g)].map(
    ([, block, inline]) => block ?? inline!,
  );
  return code
    .flatMap((part) => part.split('\n'))
    .flatMap((line) => [...line.matchAll(/(?:^|[\s])hosted-link ([a-z][a-z-]*)([^|&;#]*)/g)])
    .map(([, name, rest]) => ({
      name: name!,
      rest: rest!.split(/\s+/).filter((word) => word !== ''),
      flags: rest!.match(/--[a-z][a-z-]*/g) ?? [],
    }));
}

/** README.md is packed without the documents, and so names them by their addresses in the repository. */
const REPOSITORY = /^https:\/\/github\.com\/[^/]+\/hosted-link\/(?:blob|tree|raw)\/main\//;

/** The links of a document to files of this repository. */
function relativeLinks(text: string): string[] {
  const prose = text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link!.replace(REPOSITORY, ''))
    .filter((link) => !/^[a-z]+:/.test(link));
}

function linkLeadsSomewhere(doc: string, link: string): boolean {
  const [path, anchor] = link.split('#') as [string, string?];
  const target = path === '' ? doc : join(dirname(doc), path);
  if (!existsSync(join(ROOT, target))) return false;
  return anchor === undefined || anchors(read(target)).includes(anchor);
}

/** The anchors that GitHub makes of the headings. */
function anchors(text: string): string[] {
  return [...text.replace(/```[\s\S]*?```/g, '').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/ /g, '-'),
  );
}

/** The cells of one column of all tables, without the lines below the heads. */
function tableCells(text: string, column: number): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[\s|:-]+$/.test(line))
    .map((line) => line.split('|')[column + 1]!.trim());
}

function fences(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, code]) => code!,
  );
}

/** Without what the formatter adds to tables. */
function spaceless(text: string): string {
  return text.replace(/[ -]+/g, '');
}

/** `TYPE CODE class` of each entry of the table in src/plaid/error-classes.ts. */
function errorClasses(): string[] {
  return entries(initializer(source('src/plaid/error-classes.ts'), 'CLASSES')).flatMap(([type, codes]) =>
    entries(codes).map(([code, errorClass]) => [type, code, (errorClass as ts.StringLiteral).text].join(' ')),
  );
}

function source(path: string): ts.SourceFile {
  return ts.createSourceFile(path, read(path), ts.ScriptTarget.ES2022);
}

/** What the top-level constant `name` is set to. */
function initializer(file: ts.SourceFile, name: string): ts.Expression {
  for (const statement of file.statements.filter(ts.isVariableStatement)) {
    for (const declaration of statement.declarationList.declarations) {
      const { name: declared, initializer: value } = declaration;
      if (!ts.isIdentifier(declared) || declared.text !== name || !value) continue;
      return ts.isAsExpression(value) ? value.expression : value;
    }
  }
  throw new Error(`${file.fileName} has no constant ${name} any more`);
}

/** The properties of an object literal. */
function entries(object: ts.Expression): [name: string, value: ts.Expression][] {
  if (!ts.isObjectLiteralExpression(object)) throw new Error('an object literal is expected');
  return object.properties
    .filter(ts.isPropertyAssignment)
    .map(({ name, initializer: value }) => [(name as ts.Identifier | ts.StringLiteral).text, value]);
}

/** What the compiler says of these modules, as if they stood in this repository. */
function compileErrors(modules: readonly string[]): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, ROOT);
  const host = ts.createCompilerHost(options);
  const virtual = new Map(modules.map((code, index) => [join(ROOT, `document-${index}.ts`), code]));
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (path) => virtual.has(path) || fileExists(path);
  host.readFile = (path) => virtual.get(path) ?? readFile(path);
  host.getSourceFile = (path, version, ...rest) => {
    const code = virtual.get(path);
    return code === undefined
      ? getSourceFile(path, version, ...rest)
      : ts.createSourceFile(path, code, version);
  };
  const program = ts.createProgram([...virtual.keys()], options, host);
  return [...virtual.keys()].flatMap((path) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(path))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
  );
}
