/** The building blocks of the schemas of the REST API: JSON as it travels, with its units, bounds and names. */
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { checkGroupId } from '@streamhouse/core/group/group-id.ts';
import { checkTopicName } from '@streamhouse/core/topic-name.ts';
import { z } from 'zod';
import { object } from '../crd/schema.ts';

/** An operation takes nothing in this place. */
export type NoFields = Readonly<Record<never, never>>;
export const NO_FIELDS: z.ZodType<NoFields> = object<NoFields>({});

/** Largest integer that every JSON parser keeps as it is. */
const INTEGER_MAX = Number.MAX_SAFE_INTEGER;

export function integer(
  description: string,
  min = 0,
  max: number = INTEGER_MAX,
): z.ZodType<number> {
  return z.int().min(min).max(max).describe(description);
}

/** Any number: a rate or a time that was measured; null: there is no source for it. */
export function measured(description: string): z.ZodType<number | null> {
  return z.number().min(0).nullable().describe(`${description}; null when it is not known`);
}

/** Milliseconds since 1970. */
export function instant(description: string): z.ZodType<number> {
  return z.int().describe(`${description}, in milliseconds since 1970`);
}

/** An integer as a query or a path has it: decimal digits and nothing else, never rounded. */
export function integerText(
  description: string,
  bounds: { readonly min?: number; readonly max?: number; readonly default?: number } = {},
): z.ZodType<number> {
  const { min = 0, max = INTEGER_MAX } = bounds;
  const message = `must be a whole number in ${min}..${max}`;
  return z
    .string()
    .regex(/^(0|[1-9]\d{0,15})$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
    .meta({
      description,
      override: ({ jsonSchema }) => {
        delete jsonSchema.pattern;
        Object.assign(jsonSchema, { type: 'integer', minimum: min, maximum: max });
        if (bounds.default !== undefined) jsonSchema.default = bounds.default;
      },
    });
}

/** A flag as a query has it. */
function flagText(description: string): z.ZodType<boolean> {
  return z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .meta({
      description,
      override: ({ jsonSchema }) => {
        delete jsonSchema.enum;
        jsonSchema.type = 'boolean';
      },
    });
}

/** Text that Postgres and UTF-8 can hold. */
export function text(description: string, charsMax: number, charsMin = 0): z.ZodType<string> {
  return z
    .string()
    .min(charsMin)
    .max(charsMax)
    .refine((value) => value.isWellFormed() && !value.includes('\0'), {
      error: 'must be valid Unicode without NUL',
    })
    .describe(description);
}

/** The name of a topic, by the rules for new ones. */
export function topicName(description: string): z.ZodType<string> {
  return checked(description, checkTopicName, {
    minLength: 1,
    maxLength: LIMITS.topicNameCharsMax,
    pattern: '^[a-zA-Z0-9._-]+$',
  });
}

/** The id of a consumer group. */
export function groupId(description: string): z.ZodType<string> {
  return checked(description, checkGroupId, { minLength: 1, maxLength: LIMITS.groupIdCharsMax });
}

function checked(
  description: string,
  check: (value: string) => void,
  override: object,
): z.ZodType<string> {
  return z
    .string()
    .superRefine((value, context) => {
      try {
        check(value);
      } catch (error) {
        if (!(error instanceof StreamError)) throw error;
        context.addIssue({ code: 'custom', message: error.message });
      }
    })
    .meta({ description, override });
}

/** Every mutation takes it. */
export interface DryRunQuery {
  readonly dryRun?: boolean | undefined;
}

export const DRY_RUN: z.ZodType<boolean | undefined> = flagText(
  'Checks all of the request and answers with what would be; nothing is changed',
).optional();

/** What every list by pages takes. */
export interface PageQuery {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export const PAGE_LIMIT_DEFAULT = 100;

export const PAGE: {
  readonly limit: z.ZodType<number | undefined>;
  readonly cursor: z.ZodType<string | undefined>;
} = {
  limit: integerText('Entries of a page', {
    min: 1,
    max: LIMITS.apiPageMax,
    default: PAGE_LIMIT_DEFAULT,
  }).optional(),
  cursor: text(
    'Where the page begins: what `Link: rel="next"` of the page before has',
    2_048,
    1,
  ).optional(),
};
