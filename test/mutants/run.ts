/** Tries mutants in a copy of the tree, one after the other. The checkout itself is never changed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyTree } from '../../hack/scratch-tree.ts';
import { applyPatch, type Mutant, type Patch } from './mutant.ts';
import { commandOf, runTrial, together, type Trial } from './trial.ts';

export type Outcome =
  | { readonly type: 'killed'; readonly evidence: string; readonly command: string }
  /** Every trial passed: the tests do not protect what the mutant takes out. */
  | { readonly type: 'survived' }
  /** No trial noticed it, and not every one could say. */
  | { readonly type: 'void'; readonly why: string };

export interface Result {
  readonly mutant: Mutant;
  readonly outcome: Outcome;
  readonly seconds: number;
}

export interface RunOptions {
  readonly mutants: readonly Mutant[];
  readonly signal: AbortSignal;
  /** Told of each command that the tree without any bug has passed, before any mutant is tried. */
  readonly onSound: (command: string, seconds: number) => void;
  readonly onResult: (result: Result) => void;
}

/** The sound tree did not pass: whatever fails later would prove nothing. */
export class BaselineError extends Error {}

/** @throws BaselineError before any mutant is tried; Error when a patch does not apply. */
export async function runMutants(options: RunOptions): Promise<readonly Result[]> {
  const copy = mkdtempSync(join(tmpdir(), 'streamhouse-mutants-'));
  try {
    copyTree(copy);
    for (const trial of together(options.mutants.flatMap(({ killedBy }) => killedBy))) {
      const startedMs = performance.now();
      await checkSound(trial, copy, options.signal);
      options.onSound(commandOf(trial), secondsSince(startedMs));
    }
    const results: Result[] = [];
    for (const mutant of options.mutants) {
      const result = await tryMutant(mutant, copy, options.signal);
      options.onResult(result);
      results.push(result);
    }
    return results;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** The patched text of each file that the mutant changes, by its path. @throws Error when a patch does not apply. */
export function patchedFiles(root: string, patches: readonly Patch[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const patch of patches) {
    const text = texts.get(patch.file) ?? readFileSync(join(root, patch.file), 'utf8');
    texts.set(patch.file, applyPatch(text, patch));
  }
  return texts;
}

async function checkSound(trial: Trial, copy: string, signal: AbortSignal): Promise<void> {
  const verdict = await runTrial(trial, copy, signal);
  if (verdict.type === 'passed') return;
  const what = verdict.type === 'noticed' ? verdict.evidence : verdict.why;
  throw new BaselineError(`without any bug, ${commandOf(trial)} does not pass: ${what}`);
}

async function tryMutant(mutant: Mutant, copy: string, signal: AbortSignal): Promise<Result> {
  const patched = patchedFiles(copy, mutant.patches);
  const sound = new Map([...patched.keys()].map((file) => [file, readText(copy, file)]));
  const startedMs = performance.now();
  try {
    for (const [file, text] of patched) writeFileSync(join(copy, file), text);
    const outcome = await tryTrials(mutant.killedBy, copy, signal);
    return { mutant, outcome, seconds: secondsSince(startedMs) };
  } finally {
    for (const [file, text] of sound) writeFileSync(join(copy, file), text);
  }
}

async function tryTrials(
  trials: readonly Trial[],
  copy: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const doubts: string[] = [];
  for (const trial of trials) {
    const verdict = await runTrial(trial, copy, signal);
    const command = commandOf(trial);
    if (verdict.type === 'noticed') return { type: 'killed', evidence: verdict.evidence, command };
    if (verdict.type === 'void') doubts.push(`${command} ${verdict.why}`);
  }
  return doubts.length === 0 ? { type: 'survived' } : { type: 'void', why: doubts.join('\n') };
}

function readText(root: string, file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function secondsSince(startedMs: number): number {
  return (performance.now() - startedMs) / 1_000;
}
