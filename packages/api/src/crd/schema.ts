/** The building blocks of the resources' schemas: only what a structural schema of Kubernetes can say, everything bounded. */
import { z } from 'zod';
import { BYTES_PATTERN, DURATION_PATTERN, parseBytes, parseDuration } from './units.ts';

/** One schema per field of T: a field too many or too few does not compile. */
type Shape<T> = { readonly [K in keyof T]-?: z.ZodType<T[K]> };

/** An object that refuses unknown fields. */
export function object<T>(shape: Shape<T>): z.ZodType<T> {
  // The checks of Shape are the whole point; zod's inferred type says the same in a form that no declaration can carry.
  return z.strictObject(shape) as unknown as z.ZodType<T>;
}

/** An object whose fields all have defaults, and which therefore may be left out. */
export function section<T>(shape: Shape<T>): z.ZodType<T> {
  return object<T>(shape).prefault({});
}

export function list<T>(item: z.ZodType<T>, itemsMax: number): z.ZodType<readonly T[]> {
  return z.array(item).max(itemsMax);
}

/** A list without repetitions: as a set, appliers own single items. */
export function set<T extends string>(
  item: z.ZodType<T>,
  itemsMax: number,
): z.ZodType<readonly T[]> {
  return z
    .array(item)
    .max(itemsMax)
    .refine((items) => new Set(items).size === items.length, 'must not name anything twice')
    .meta({ 'x-kubernetes-list-type': 'set' });
}

export function map<T>(
  value: z.ZodType<T>,
  entriesMax: number,
): z.ZodType<Readonly<Record<string, T>>> {
  return z
    .record(z.string(), value)
    .refine(
      (entries) => Object.keys(entries).length <= entriesMax,
      `must have at most ${entriesMax} entries`,
    )
    .meta({ maxProperties: entriesMax });
}

/** Text whose form a sentence explains: a rule, because a pattern's refusal shows the expression and nothing else. */
export function text(pattern: string, charsMax: number, message: string): z.ZodType<string> {
  const form = new RegExp(pattern);
  return ruled(z.string().max(charsMax), {
    cel: `self.matches('${pattern}')`,
    message,
    holds: (value) => form.test(value),
  });
}

/** A duration such as `168h`, within both bounds. */
export function duration(min: string, max: string): z.ZodType<string> {
  const form = new RegExp(DURATION_PATTERN);
  return ruled(z.string().max(16), {
    cel: `self.matches('${DURATION_PATTERN}') && duration(self) >= duration('${min}') && duration(self) <= duration('${max}')`,
    message: `must be a duration in ${min}..${max}, a number with one unit of ms, s, m or h`,
    holds: (value) =>
      form.test(value) &&
      parseDuration(value) >= parseDuration(min) &&
      parseDuration(value) <= parseDuration(max),
  });
}

/** A size such as `100Gi`, within both bounds. */
export function bytes(min: string, max: string): z.ZodType<string> {
  const form = new RegExp(BYTES_PATTERN);
  return ruled(z.string().max(16), {
    cel: `self.matches('${BYTES_PATTERN}') && quantity(self).compareTo(quantity('${min}')) >= 0 && quantity(self).compareTo(quantity('${max}')) <= 0`,
    message: `must be a size in ${min}..${max}, a whole number with a unit such as Ki, Mi or Gi`,
    holds: (value) => form.test(value) && isWithin(value, parseBytes(min), parseBytes(max)),
  });
}

/** A quantity of a container's resources, such as `500m`, `2` or `1Gi`: API servers take numbers as well as text. */
export function quantity(): z.ZodType<string | number> {
  const message = 'must be a quantity such as 500m, 2 or 1Gi';
  return z
    .union([z.int().min(0), z.string().max(32).regex(QUANTITY, message)], message)
    .meta({ 'x-kubernetes-int-or-string': true });
}

/** A flag that must not be set. */
export function never(message: string): z.ZodType<boolean> {
  return ruled(z.boolean(), { cel: '!self', message, holds: (value) => !value });
}

/** An object of another API, which checks it: its fields are kept as they are. */
export function open(fieldsMax: number): z.ZodType<Readonly<Record<string, unknown>>> {
  return map(z.unknown(), fieldsMax).meta({ 'x-kubernetes-preserve-unknown-fields': true });
}

const QUANTITY = /^[0-9]+(\.[0-9]{1,3})?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi)?$/;

interface FieldRule<T> {
  readonly cel: string;
  readonly message: string;
  holds(value: T): boolean;
}

function ruled<T>(schema: z.ZodType<T>, rule: FieldRule<T>): z.ZodType<T> {
  return schema
    .refine((value) => rule.holds(value), rule.message)
    .meta({ 'x-kubernetes-validations': [{ rule: rule.cel, message: rule.message }] });
}

function isWithin(text: string, min: number, max: number): boolean {
  try {
    const bytes = parseBytes(text);
    return bytes >= min && bytes <= max;
  } catch {
    return false;
  }
}
