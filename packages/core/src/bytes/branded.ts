import { StreamError } from '../errors.ts';

/**
 * Brands a number that was read from bytes. Out of its range it is the bytes that are wrong, not an argument.
 *
 * @throws StreamError `corrupt` OUT_OF_BOUNDS.
 */
export function branded<T>(brand: (value: number) => T, value: number): T {
  try {
    return brand(value);
  } catch (cause) {
    throw new StreamError('corrupt', 'OUT_OF_BOUNDS', `${value} was read where it cannot be`, {
      cause,
    });
  }
}
