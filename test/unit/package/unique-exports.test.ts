import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

const SRC = join(__dirname, '../../../src');

/** Temporal looks for this name in every module of workflow interceptors. */
const REQUIRED_BY_TEMPORAL = 'interceptors';

function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(SRC, path));
}

/** Lists the names that a source file exports and declares itself; re-exports are not declarations. */
function declaredExports(path: string, text = readFileSync(path, 'utf8')): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const names = file.statements.flatMap((statement) => {
    if (!ts.canHaveModifiers(statement)) return [];
    if (!ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return [];
    const declarations = ts.isVariableStatement(statement)
      ? [...statement.declarationList.declarations]
      : [statement as ts.DeclarationStatement];
    return declarations.flatMap(({ name }) => (name && ts.isIdentifier(name) ? [name.text] : []));
  });
  // A type and its values may share a name, and a function has one declaration for each overload.
  return [...new Set(names)];
}

/** Maps each name that several files declare to those files. */
function duplicates(exportsByFile: ReadonlyMap<string, readonly string[]>): Record<string, string[]> {
  const filesByName = new Map<string, string[]>();
  for (const [path, names] of exportsByFile)
    for (const name of names) filesByName.set(name, [...(filesByName.get(name) ?? []), path]);
  filesByName.delete(REQUIRED_BY_TEMPORAL);
  return Object.fromEntries([...filesByName].filter(([, paths]) => paths.length > 1));
}

it('declares each exported name of src in one file only', () => {
  const exportsByFile = new Map(sourceFiles().map((path) => [relative(SRC, path), declaredExports(path)]));
  expect(exportsByFile.size).toBeGreaterThan(100);
  expect(duplicates(exportsByFile)).toEqual({});
});

it('finds a name that two files declare, whether as a type, a function or a constant', () => {
  const exportsByFile = new Map([
    ['a.ts', declaredExports('a.ts', 'export interface Visit {} export const limit = 1; const own = 2;')],
    [
      'b.ts',
      declaredExports('b.ts', "export class Visit {} export function limit() {} export * from './a';"),
    ],
    ['c.ts', declaredExports('c.ts', 'export const own = 1; export type Other = string;')],
  ]);
  expect(duplicates(exportsByFile)).toEqual({ Visit: ['a.ts', 'b.ts'], limit: ['a.ts', 'b.ts'] });
});
