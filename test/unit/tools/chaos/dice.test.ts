import { Dice } from '../../../../tools/chaos/dice';

const throwsOf = (dice: Dice) => Array.from({ length: 20 }, () => dice.next());

it('throws the same again with the same seed, and something else with another', () => {
  expect(throwsOf(new Dice('one'))).toEqual(throwsOf(new Dice('one')));
  expect(throwsOf(new Dice('one'))).not.toEqual(throwsOf(new Dice('two')));
});

it('gives a part of the run dice that do not hang on what others throw', () => {
  const dice = new Dice('one');
  const before = throwsOf(dice.of('chaos'));
  dice.next();
  expect(throwsOf(dice.of('chaos'))).toEqual(before);
});

it('shuffles all entries, and not always alike', () => {
  const entries = Array.from({ length: 10 }, (_, index) => index);
  const dice = new Dice('one');
  const [first, second] = [dice.shuffle(entries), dice.shuffle(entries)];
  expect(first.toSorted((one, other) => one - other)).toEqual(entries);
  expect(first).not.toEqual(second);
});

it('picks entries as often as their weights say', () => {
  const dice = new Dice('one');
  const picks = Array.from({ length: 1_000 }, () =>
    dice.pick([
      [1, 'rare'],
      [9, 'common'],
    ]),
  );
  const rare = picks.filter((pick) => pick === 'rare').length;
  expect(rare).toBeGreaterThan(50);
  expect(rare).toBeLessThan(150);
});
