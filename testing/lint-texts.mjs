/*
 * Lints source texts under the names of files of this project: reads [{ filePath, text }] as JSON from standard input and
 * prints what ESLint found in each, [{ ruleId, message }] in the same order. A process of its own, since ESLint loads its
 * configuration by import(), which jest's sandbox does not have.
 */
import { text } from 'node:stream/consumers';
import { ESLint } from 'eslint';

const eslint = new ESLint();
const findings = [];
for (const source of JSON.parse(await text(process.stdin))) {
  const [result] = await eslint.lintText(source.text, { filePath: source.filePath });
  findings.push(result.messages.map(({ ruleId, message }) => ({ ruleId, message })));
}
process.stdout.write(JSON.stringify(findings));
