/** What a search and its thread tell each other. */
import type { SearchRecord } from './record-matcher.ts';

/** Of a record. The thread writes the place in this list; 0 is one that it has not looked at. */
export const OUTCOMES = ['none', 'passed', 'found', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface SearchTask {
  readonly records: readonly SearchRecord[];
  /** Shared, one for each record: what is in it is known whatever becomes of the thread. */
  readonly outcomes: Uint8Array;
}

/** First whether the criteria are ones; then `done` after each task, and why the first record failed. */
export type SearchWorkerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'refused'; readonly message: string }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'done' };
