import type { StatusReport } from '../../src/client';

/** What is shown of a session. */
export interface Row {
  name: string;
  /** What is known of it; undefined before it has been started. */
  report?: StatusReport | undefined;
  /** What happens to it just now. */
  note?: string | undefined;
}

/** Where the demo shows what happens. */
export interface Screen {
  /** Prints a line that stays. */
  log(line: string): void;
  /** Shows how a session stands, from now on. */
  show(row: Row): void;
  /** Shows a session no longer. Its last row stays when the screen is a terminal. */
  settle(): void;
}

type Output = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>;

/** A table that is drawn anew with each change in a terminal; elsewhere a line for each change. */
export function createScreen(output: Output): Screen {
  return output.isTTY ? new TableScreen(output, !process.env['NO_COLOR']) : new LineScreen(output);
}

class LineScreen implements Screen {
  readonly #start = Date.now();
  readonly #last = new Map<string, Row & { standing: string }>();

  constructor(private readonly output: Output) {}

  log(line: string): void {
    this.output.write(`${line}\n`);
  }

  show(row: Row): void {
    const last = this.#last.get(row.name);
    const standing = sentenceOf(row.report);
    if (row.note && row.note !== last?.note) this.#say(row.name, row.note);
    if (standing !== '' && standing !== last?.standing) this.#say(row.name, `-> ${standing}`);
    this.#last.set(row.name, { ...row, standing });
  }

  settle(): void {
    this.#last.clear();
  }

  #say(name: string, what: string): void {
    const seconds = ((Date.now() - this.#start) / 1_000).toFixed(1);
    this.log(`${seconds.padStart(6)} s  ${name.padEnd(NAME_WIDTH)}  ${what}`);
  }
}

const NAME_WIDTH = 9;
const HEADINGS = ['SESSION', 'STATE', 'PLAID SAYS', 'RESULTS', 'WHAT HAPPENS'];
const WIDTHS = [NAME_WIDTH, 10, 10, 8];
const DEFAULT_COLUMNS = 80;
const GAP = '  ';

class TableScreen implements Screen {
  readonly #rows = new Map<string, Row>();
  #drawn: string[] = [];

  constructor(
    private readonly output: Output,
    private readonly colored: boolean,
  ) {}

  log(line: string): void {
    this.#redraw(`${line}\n`);
  }

  show(row: Row): void {
    this.#rows.set(row.name, row);
    if (this.#lines().join() !== this.#drawn.join()) this.#redraw('');
  }

  settle(): void {
    this.#rows.clear();
    this.#drawn = [];
  }

  /** Puts `above` and the table in the place of the table that was drawn last. */
  #redraw(above: string): void {
    const erase = this.#drawn.length > 0 ? `\x1b[${this.#drawn.length}A\x1b[J` : '';
    this.#drawn = this.#lines();
    this.output.write(erase + above + this.#drawn.map((line) => `${line}\n`).join(''));
  }

  #lines(): string[] {
    if (this.#rows.size === 0) return [];
    return ['', this.#line(HEADINGS, () => 'dim'), ...[...this.#rows.values()].map((row) => this.#row(row))];
  }

  #row({ name, report, note = '' }: Row): string {
    const [state = '', plaidStatus = '', results = '', trouble = ''] = standingOf(report);
    return this.#line([name, state, plaidStatus, results, trouble || note], (text, column) => {
      if (column === 0) return 'bold';
      if (column === 4) return trouble ? 'yellow' : 'dim';
      return COLORS.find(([pattern]) => pattern.test(text))?.[1];
    });
  }

  #line(texts: string[], style: (text: string, column: number) => Style | undefined): string {
    const taken = WIDTHS.reduce((sum, width) => sum + width + GAP.length, 0);
    // The last column of a terminal stays empty, since some wrap the line when it is written.
    const rest = Math.max(0, (this.output.columns ?? DEFAULT_COLUMNS) - 1 - taken);
    return texts
      .map((text, column) => {
        const width = WIDTHS[column] ?? rest;
        const cut = text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text;
        const padded = column < WIDTHS.length ? cut.padEnd(width) : cut.slice(0, width);
        const chosen = this.colored ? style(text, column) : undefined;
        return chosen ? `\x1b[${STYLES[chosen]}m${padded}\x1b[0m` : padded;
      })
      .join(GAP);
  }
}

/** ANSI's codes. */
const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
type Style = keyof typeof STYLES;

const COLORS: readonly (readonly [RegExp, Style])[] = [
  [/COMPLETED|LINKED/, 'green'],
  [/FAILED|UNCERTAIN/, 'red'],
  [/CANCEL|EXPIRED|EXITED|REMOVED/, 'yellow'],
  [/WAITING|OPENED|PENDING/, 'cyan'],
];

/** State, Plaid's status, the states of the results, and what is wrong. */
function standingOf(report: StatusReport | undefined): string[] {
  if (!report) return [];
  const { state, plaidStatus = '', results, answeredBy } = report;
  return [state, plaidStatus, results.map((item) => item.state).join(' '), troubleOf(report, answeredBy)];
}

function sentenceOf(report: StatusReport | undefined): string {
  const [state, plaidStatus, results, trouble] = standingOf(report);
  if (!state) return '';
  const plaid = plaidStatus ? ` (Plaid: ${plaidStatus})` : '';
  return state + plaid + (results ? `, ${results}` : '') + (trouble ? `; ${trouble}` : '');
}

function troubleOf({ watch }: StatusReport, answeredBy: StatusReport['answeredBy']): string {
  if (answeredBy !== 'worker') return '(no worker answers)';
  const answer = watch?.lastAnswer ?? '';
  // A watch that goes well says when it will ask again, which is no news.
  return /^(still|not polled) /.test(answer) ? '' : answer.replace(/; next try in .*/, '');
}
