/** What a run of mutants says, for people and for programs. Pure. */
import type { Mutant } from './mutant.ts';
import type { Result } from './run.ts';
import { commandOf } from './trial.ts';

const EXIT_SURVIVED = 1;
const EXIT_VOID = 3;

/** A survivor tells more than a doubt. */
export function exitCodeOf(results: readonly Result[]): number {
  if (results.some(({ outcome }) => outcome.type === 'survived')) return EXIT_SURVIVED;
  return results.some(({ outcome }) => outcome.type === 'void') ? EXIT_VOID : 0;
}

/** One line, and one more for each thing to look into. */
export function resultLine({ mutant, outcome, seconds }: Result): string {
  const time = `${seconds.toFixed(1).padStart(6)} s`;
  switch (outcome.type) {
    case 'killed':
      return `killed    ${time}  ${mutant.id}  by ${outcome.evidence}`;
    case 'survived':
      return `SURVIVED  ${time}  ${mutant.id}: ${mutant.bug}`;
    case 'void':
      return `VOID      ${time}  ${mutant.id}: ${outcome.why}`;
  }
}

export function summaryLine(results: readonly Result[]): string {
  const count = (type: Result['outcome']['type']): number =>
    results.filter(({ outcome }) => outcome.type === type).length;
  return `${count('killed')} killed, ${count('survived')} survived, ${count('void')} void`;
}

/** A result without what only the runner needs. */
export function resultDocument({ mutant, outcome, seconds }: Result): object {
  const { id, bug, invariants } = mutant;
  const { type, ...found } = outcome;
  return { id, bug, invariants, outcome: type, ...found, seconds: Math.round(seconds * 10) / 10 };
}

export function listLines(mutants: readonly Mutant[]): string {
  return mutants
    .map(({ id, bug, invariants, killedBy }) =>
      [
        `${id}  (${invariants.join(', ')})`,
        `  ${bug}`,
        ...killedBy.map((trial) => `  ${commandOf(trial)}`),
      ].join('\n'),
    )
    .join('\n\n');
}
