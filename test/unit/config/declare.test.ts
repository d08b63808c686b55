import { z } from 'zod';
import { readBy, readDeclared, Setting, SettingGroup, settingsOf } from '../../../src/config/declare';
import { declareSettings, settingVariables } from '../../../src/config/setting-schema';
import { InputError } from '../../../src/domain/input-error';

const about = { description: 'x' };

const DECLARATIONS = {
  level: new Setting('LEVEL', z.enum(['low', 'high']).default('low'), about),
  pair: new SettingGroup({
    user: new Setting('USER_NAME', z.string(), about),
    secret: new Setting(
      'USER_SECRET',
      readBy((text) => {
        if (text.length < 3) throw new InputError('whatever', 'too short; really', 'use three');
        return text.length;
      }),
      about,
    ),
    note: new Setting('USER_NOTE', z.string().optional(), about),
  }),
};

function read(given: Record<string, string>) {
  const problems: InputError[] = [];
  const values = readDeclared(DECLARATIONS, given, problems);
  return { values, problems: problems.map(({ field, problem, remedy }) => [field, problem, remedy]) };
}

test('takes the default of a setting, and nothing for a group, where none is given', () => {
  expect(read({})).toEqual({ values: { level: 'low', pair: undefined }, problems: [] });
});

test('reads a group without its optional member', () => {
  expect(read({ USER_NAME: 'a', USER_SECRET: 'abcd' })).toEqual({
    values: { level: 'low', pair: { user: 'a', secret: 4, note: undefined } },
    problems: [],
  });
});

test('names each required member of a group that is missing, and the member that is there', () => {
  const remedy = 'set USER_NAME and USER_SECRET, or none of them';
  expect(read({ USER_NOTE: 'n' }).problems).toEqual([
    ['USER_NAME', 'missing, with USER_NOTE set', remedy],
    ['USER_SECRET', 'missing, with USER_NOTE set', remedy],
  ]);
});

test('names the variable of a value that its reader refuses, with the problem and the remedy of the reader', () => {
  expect(read({ USER_NAME: 'a', USER_SECRET: 'ab' }).problems).toEqual([
    ['USER_SECRET', 'too short; really', 'use three'],
  ]);
});

test('there are at most 36 settings, their _FILE twins included', () => {
  const twins = Object.values(declareSettings('sandbox'))
    .flatMap(settingsOf)
    .filter(({ about: { file } }) => file);
  expect(settingVariables().length + twins.length).toBeLessThanOrEqual(36);
});

test('no variable is declared twice', () => {
  expect(new Set(settingVariables()).size).toBe(settingVariables().length);
});
