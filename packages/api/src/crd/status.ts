/** What the statuses of all kinds have in common. */
import { z } from 'zod';
import type { Condition } from './resource.ts';
import { object } from './schema.ts';

/** Schema of `status.conditions`: one entry per type, so that appliers own single conditions. */
export const CONDITIONS: z.ZodType<readonly Condition[]> = z
  .array(
    object<Condition>({
      type: z.string().min(1).max(64).describe('The aspect that this is about; each occurs once.'),
      status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
      reason: z.string().min(1).max(128).describe('Why, as one stable word for programs.'),
      message: z.string().max(4096).describe('Why, as a sentence that says what to do.'),
      lastTransitionTime: time('When the status last changed.'),
      observedGeneration: count('The metadata.generation that this was found for.'),
    }),
  )
  .max(16)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
  .describe('What is known of each aspect of the resource.');

/** An integer from 0. */
export function count(description: string): z.ZodType<number> {
  return z.int().min(0).meta({ format: 'int64' }).describe(description);
}

function time(description: string): z.ZodType<string> {
  return z.string().max(64).meta({ format: 'date-time' }).describe(description);
}
