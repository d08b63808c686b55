import { compare, state } from '../../../bench/measure';
import { renderTable } from '../../../bench/table';

describe('the table of a bench', () => {
  it('shows medians with their quartiles, the ratio, and whether the reach was come to', () => {
    const baseline = { name: 'undici', values: [10_000, 10_000, 20_000] };
    const calls = { what: 'gets', unit: 'requests/s', ours: [9_000, 9_000, 9_000], baseline };
    expect(
      renderTable([
        compare({ ...calls, reach: { op: '>=', value: 0.85 } }),
        compare({ ...calls, reach: { op: '>=', value: 4 } }),
        state('events of a day', 'events', [0.012_34]),
      ]),
    ).toBe(
      [
        '| what                     | ours   | baseline                          | ratio              | reach   | reached |',
        '| ------------------------ | ------ | --------------------------------- | ------------------ | ------- | ------- |',
        '| gets (requests/s)        | 9,000  | undici: 10,000 (10,000 to 15,000) | 0.9 (0.675 to 0.9) | >= 0.85 | yes     |',
        '| gets (requests/s)        | 9,000  | undici: 10,000 (10,000 to 15,000) | 0.9 (0.675 to 0.9) | >= 4    | NO      |',
        '| events of a day (events) | 0.0123 |                                   |                    |         |         |',
      ].join('\n'),
    );
  });
});
