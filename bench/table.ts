import { isReached, type Row, type Summary } from './bench';

const HEADINGS = ['what', 'ours', 'baseline', 'ratio', 'reach', 'reached'];

/** The rows of a bench as a table, in Markdown that reads well in a terminal too. Quartiles stand in parentheses. */
export function renderTable(rows: readonly Row[]): string {
  const cells = [HEADINGS, ...rows.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(3, ...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) => line(row.map((cell, column) => cell.padEnd(widths[column]!))));
  lines.splice(1, 0, line(widths.map((width) => '-'.repeat(width))));
  return lines.join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function cellsOf(row: Row): string[] {
  const { what, unit, ours, reach } = row;
  const reached = isReached(row);
  const baseline = 'baseline' in row ? `${row.baseline.name}: ${summaryText(row.baseline.summary)}` : '';
  return [
    `${what} (${unit})`,
    summaryText(ours),
    baseline,
    'ratio' in row ? summaryText(row.ratio) : '',
    reach ? `${reach.op} ${figureText(reach.value)}` : '',
    reached === undefined ? '' : reached ? 'yes' : 'NO',
  ];
}

function summaryText({ median, lower, upper, values }: Summary): string {
  const text = figureText(median);
  return values.length === 1 || lower === upper
    ? text
    : `${text} (${figureText(lower)} to ${figureText(upper)})`;
}

/** Three digits that count, or all of a larger whole number. */
function figureText(value: number): string {
  const digits = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return digits.toLocaleString('en-US', { maximumFractionDigits: 10 });
}
