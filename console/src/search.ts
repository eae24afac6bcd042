/** What the URL says beside the path: read with care, because people write it as well. */

type Raw = Readonly<Record<string, unknown>>;

type Said<T> = { readonly [K in keyof T]?: T[K] | undefined };

/**
 * What is not said, or said as nothing, is undefined, so that it does not stand in the URL. It has to be named all the same: the
 * router would keep what the URL says of it.
 */
export function said<T extends object>(values: T): Said<T> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value === '' ? undefined : value]),
  ) as Said<T>;
}

export function textIn(raw: Raw, name: string): string | undefined {
  const value = raw[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

export function oneOf<T extends string>(
  raw: Raw,
  name: string,
  choices: readonly T[],
): T | undefined {
  return choices.find((choice) => choice === raw[name]);
}

/** A whole number within bounds. */
export function wholeIn(
  raw: Raw,
  name: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
): number | undefined {
  const value = raw[name];
  const isWhole = typeof value === 'number' && Number.isSafeInteger(value);
  return isWhole && value >= min && value <= max ? value : undefined;
}

export function flagIn(raw: Raw, name: string): true | undefined {
  return raw[name] === true ? true : undefined;
}
