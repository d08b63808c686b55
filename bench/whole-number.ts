import { InvalidArgumentError } from 'commander';

/** Reads an option. @throws InvalidArgumentError unless it is a whole number above 0 */
export function wholeNumber(text: string): number {
  const number = Number(text);
  if (!(Number.isSafeInteger(number) && number > 0))
    throw new InvalidArgumentError('give a whole number above 0');
  return number;
}
