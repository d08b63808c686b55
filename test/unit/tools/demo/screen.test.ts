import { createScreen } from '../../../../tools/demo/screen';
import type { StatusReport } from '../../../../src/client';

/** Keeps what is written, as a stream of this width would get it. */
class Output {
  text = '';
  constructor(
    readonly isTTY: boolean,
    readonly columns = 80,
  ) {}
  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

function report(change: Partial<StatusReport> = {}): StatusReport {
  return {
    key: 'demo-1',
    workflowId: 'hosted-link/demo-1',
    plaidFlow: 'link_delivery',
    state: 'WAITING',
    plaidStatus: 'OPENED',
    createdAt: undefined,
    changedAt: undefined,
    expiresAt: undefined,
    health: { kind: 'OK' },
    lastError: undefined,
    exitError: undefined,
    deliveryFailure: undefined,
    watch: undefined,
    update: undefined,
    results: [],
    notices: [],
    callbacks: [],
    nextStep: 'OPEN_LINK',
    displayMessage: 'Open your link.',
    answeredBy: 'worker',
    ...change,
  };
}

const failing = { attempt: 2, lastAnswer: 'Plaid answers 503; next try in 2 s', nextPollAt: undefined };
const waiting = { attempt: 2, lastAnswer: 'still OPENED; next poll in 5 s', nextPollAt: undefined };

describe('without a terminal', () => {
  it('prints a line for each change, and none for a poll that shows the same', () => {
    const output = new Output(false);
    const screen = createScreen(output);
    screen.show({ name: 'outage', report: report(), note: 'the person opens the link' });
    screen.show({ name: 'outage', report: report({ watch: waiting }), note: 'the person opens the link' });
    screen.show({ name: 'outage', report: report({ watch: failing }), note: 'the person opens the link' });
    screen.show({ name: 'outage', report: report({ answeredBy: 'server' }), note: 'the worker is gone' });
    const lines = output.text.trimEnd().split('\n');
    expect(lines.map((line) => line.replace(/^ +\d+\.\d s {2}/, ''))).toEqual([
      'outage     the person opens the link',
      'outage     -> WAITING (Plaid: OPENED)',
      'outage     -> WAITING (Plaid: OPENED); Plaid answers 503',
      'outage     the worker is gone',
      'outage     -> WAITING (Plaid: OPENED); (no worker answers)',
    ]);
  });
});

describe('in a terminal', () => {
  const { NO_COLOR } = process.env;
  beforeEach(() => delete process.env['NO_COLOR']);
  afterAll(() => {
    if (NO_COLOR !== undefined) process.env['NO_COLOR'] = NO_COLOR;
  });

  it('draws the table in the place of the last one, below the lines that stay', () => {
    process.env['NO_COLOR'] = '1';
    const output = new Output(true);
    const screen = createScreen(output);
    screen.show({ name: 'killed', report: report(), note: 'waits' });
    output.text = '';
    screen.log('The worker was killed.');
    expect(output.text).toBe(
      '\x1b[3A\x1b[JThe worker was killed.\n\n' +
        'SESSION    STATE       PLAID SAYS  RESULTS   WHAT HAPPENS\n' +
        'killed     WAITING     OPENED                waits\n',
    );
  });

  it('writes nothing when nothing has changed', () => {
    const output = new Output(true);
    const screen = createScreen(output);
    screen.show({ name: 'killed', report: report(), note: 'waits' });
    output.text = '';
    screen.show({ name: 'killed', report: report({ watch: waiting }), note: 'waits' });
    expect(output.text).toBe('');
  });

  it('cuts what is longer than a line, which would break the redrawing', () => {
    process.env['NO_COLOR'] = '1';
    const output = new Output(true, 60);
    createScreen(output).show({
      name: 'killed',
      report: report(),
      note: 'a note that is far too long for it',
    });
    for (const line of output.text.split('\n')) expect(line.length).toBeLessThan(60);
    expect(output.text).toContain('a note that i…');
  });

  it('colors only where NO_COLOR is not set', () => {
    const draw = (): string => {
      const output = new Output(true);
      createScreen(output).show({ name: 'killed', report: report(), note: 'waits' });
      return output.text;
    };
    expect(draw()).toContain('\x1b[36mWAITING');
    process.env['NO_COLOR'] = '1';
    expect(draw()).not.toContain('\x1b[');
  });
});
