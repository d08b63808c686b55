import { join } from 'node:path';
import ts from 'typescript';
// Also runs it: the checks do nothing.
import './official-types';

const ROOT = join(__dirname, '../../..');

test("Plaid's own types hold what is sent, what is read and what the sandbox says", () => {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, ROOT);
  const file = join(__dirname, 'official-types.ts');
  const program = ts.createProgram([file], options);
  const problems = ts
    .getPreEmitDiagnostics(program, program.getSourceFile(file))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  expect(problems).toEqual([]);
}, 120_000);
