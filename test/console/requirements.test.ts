/**
 * What the console and its API have to do carries numbers, and tests carry them in their names: `C-020..024`. Each number has a
 * test. C-011 to C-015 and C-164 are budgets: `./budget.test.ts`, the build of the console and `npm run bench` hold them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

interface Part {
  readonly folders: readonly string[];
  /** First and last number. */
  readonly numbers: readonly (readonly [first: number, last: number])[];
}

const PARTS: Readonly<Record<string, Part>> = {
  pages: {
    folders: ['test/console'],
    numbers: [
      // By its address, and every page: where it leads, forms, what is late, empty, broken or old.
      [1, 10],
      // Dashboard, monitoring, topics.
      ...([
        [20, 24],
        [30, 42],
        [50, 58],
      ] as const),
      // Records, producer, agents, groups.
      ...([
        [70, 78],
        [90, 101],
        [110, 119],
        [130, 137],
      ] as const),
    ],
  },
  API: {
    folders: ['test/scenario', 'operator/src/live'],
    // Nouns, the document, what may be asked; figures and sockets.
    numbers: [
      [150, 163],
      [167, 167],
      [180, 189],
    ],
  },
};

/** The numbers in the names of tests. */
function provenIn(source: string): number[] {
  const names = source.match(/'[^'\n]*\bC-\d{3}[^'\n]*'/g) ?? [];
  return names.flatMap((name) =>
    [...name.matchAll(/\bC-(\d{3})(?:\.\.(\d{3}))?/g)].flatMap(([, first, last = first]) =>
      span(Number(first), Number(last)),
    ),
  );
}

function span(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

test.each(Object.entries(PARTS))(
  'each requirement of the %s has a test',
  (_, { folders, numbers }) => {
    const proven = new Set(
      folders.flatMap((folder) =>
        readdirSync(join(ROOT, folder))
          .filter((name) => name.endsWith('.test.ts'))
          .flatMap((name) => provenIn(readFileSync(join(ROOT, folder, name), 'utf8'))),
      ),
    );
    const missing = numbers
      .flatMap(([first, last]) => span(first, last))
      .filter((id) => !proven.has(id));
    expect(missing).toEqual([]);
  },
);
