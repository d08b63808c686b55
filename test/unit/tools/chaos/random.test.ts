import { Random } from '../../../../tools/chaos/random';

const throwsOf = (random: Random) => Array.from({ length: 20 }, () => random.next());

it('throws the same again with the same seed, and something else with another', () => {
  expect(throwsOf(new Random('one'))).toEqual(throwsOf(new Random('one')));
  expect(throwsOf(new Random('one'))).not.toEqual(throwsOf(new Random('two')));
});

it('gives a part of the run random that do not hang on what others throw', () => {
  const random = new Random('one');
  const before = throwsOf(random.of('chaos'));
  random.next();
  expect(throwsOf(random.of('chaos'))).toEqual(before);
});

it('shuffles all entries, and not always alike', () => {
  const entries = Array.from({ length: 10 }, (_, index) => index);
  const random = new Random('one');
  const [first, second] = [random.shuffle(entries), random.shuffle(entries)];
  expect(first.toSorted((one, other) => one - other)).toEqual(entries);
  expect(first).not.toEqual(second);
});

it('picks entries as often as their weights say', () => {
  const random = new Random('one');
  const picks = Array.from({ length: 1_000 }, () =>
    random.pick([
      [1, 'rare'],
      [9, 'common'],
    ]),
  );
  const rare = picks.filter((pick) => pick === 'rare').length;
  expect(rare).toBeGreaterThan(50);
  expect(rare).toBeLessThan(150);
});
