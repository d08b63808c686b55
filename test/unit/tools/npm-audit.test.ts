import { judgeAudit } from '../../../tools/npm-audit';

const ADVISORY = {
  url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
  title: 'Reads beyond its buffer',
  severity: 'high',
};

/** A report of `npm audit --json`: the package `leaf` has the advisory, and `stem` depends on it. */
const report = (vulnerabilities: Record<string, unknown>) =>
  JSON.stringify({ auditReportVersion: 2, vulnerabilities });
const vulnerable = report({
  leaf: { severity: 'high', via: [ADVISORY] },
  stem: { severity: 'high', via: ['leaf'] },
});

it('is content when nothing is known', () => {
  expect(judgeAudit(report({}), '').outcome).toBe('CLEAN');
});

it('names each advisory once', () => {
  expect(judgeAudit(vulnerable, 'GHSA-dddd-eeee-ffff').lines[0]).toBe(
    `leaf: Reads beyond its buffer (high) ${ADVISORY.url}`,
  );
  expect(judgeAudit(vulnerable, 'GHSA-dddd-eeee-ffff')).toMatchObject({
    outcome: 'VULNERABLE',
    lines: { length: 2 },
  });
});

it('takes an advisory that is explained for an exception', () => {
  expect(judgeAudit(vulnerable, 'We live with GHSA-aaaa-bbbb-cccc, because ...').outcome).toBe('CLEAN');
});

it.each([
  ['the registry does not answer audits', '{"message":"405 Method Not Allowed","statusCode":405}', '405'],
  ['npm says nothing', '', 'no report'],
  ['npm has another report', '{"auditReportVersion":3}', 'no report'],
])('does not call it clean when %s', (_what, json, why) => {
  const { outcome, lines } = judgeAudit(json, '');
  expect(outcome).toBe('UNCHECKED');
  expect(lines.join(' ')).toMatch(new RegExp(`^NOT CHECKED.*${why}`));
});
