/** The product with one bug, and what must notice it. */
import type { Trial } from './trial.ts';

export interface Mutant {
  readonly id: string;
  /** In one sentence. */
  readonly bug: string;
  /** Of ARCHITECTURE.md: what the bug breaks. */
  readonly invariants: readonly InvariantId[];
  readonly patches: readonly Patch[];
  /** Tried in this order until one notices: the fastest first. */
  readonly killedBy: readonly [Trial, ...Trial[]];
}

/** One replacement in one file of the product. */
export interface Patch {
  readonly file: string;
  /** Text that stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** Every invariant that is built: each is broken by at least one mutant. */
export const INVARIANTS = [
  'I-01',
  'I-02',
  'I-03',
  'I-04',
  'I-05',
  'I-06',
  'I-07',
  'I-08',
  'I-09',
  'I-10',
  'I-11',
  'I-12',
  'I-13',
  'I-14',
  'I-16',
  'I-21',
  'I-22',
  'I-24',
  'I-25',
  'I-26',
  'I-28',
  'I-29',
  'I-31',
  'I-40',
  'I-41',
  'I-42',
] as const;
export type InvariantId = (typeof INVARIANTS)[number];

/** @throws Error when the text to replace is not there exactly once: the code has moved on, and the mutant must follow. */
export function applyPatch(text: string, { file, find, replace }: Patch): string {
  const [before, after, ...more] = text.split(find);
  if (before !== undefined && after !== undefined && more.length === 0) {
    return before + replace + after;
  }
  const times = text.split(find).length - 1;
  throw new Error(`${file}: must have exactly once, has ${times} times: ${JSON.stringify(find)}`);
}
