import { StreamError } from '@streamhouse/core/errors.ts';

/** @throws StreamError `invalid` OPTION, which names the option, when `value` is not an integer in min..max. */
export function integerOption(
  name: string,
  value: number | undefined,
  fallback: number,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const chosen = value ?? fallback;
  if (Number.isSafeInteger(chosen) && chosen >= min && chosen <= max) return chosen;
  throw new StreamError(
    'invalid',
    'OPTION',
    `${name} must be an integer in ${min}..${max}, got ${chosen}`,
  );
}

/** @throws StreamError `invalid` OPTION when `value` is not one of `choices`. */
export function choiceOption<T extends string>(
  name: string,
  value: T | undefined,
  fallback: T,
  choices: readonly T[],
): T {
  const chosen = value ?? fallback;
  if (choices.includes(chosen)) return chosen;
  throw new StreamError(
    'invalid',
    'OPTION',
    `${name} must be one of ${choices.join(', ')}, got "${chosen}"`,
  );
}
