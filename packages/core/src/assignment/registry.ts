import { StreamError } from '../errors.ts';
import type { Assignor } from './assignor.ts';
import { rangeAssignor } from './range.ts';
import { roundRobinAssignor } from './round-robin.ts';
import { stickyAssignor } from './sticky.ts';

const BUILT_IN: readonly Assignor[] = [stickyAssignor, rangeAssignor, roundRobinAssignor];

/**
 * All assignors by name: the built-in ones, the default first, and those of the program.
 *
 * @throws StreamError `invalid` ASSIGNOR_NAME_TAKEN when two have one name: members that mean two things by a name would
 * agree on it.
 */
export function assignorRegistry(own: readonly Assignor[]): ReadonlyMap<string, Assignor> {
  const registry = new Map<string, Assignor>();
  for (const assignor of [...BUILT_IN, ...own]) {
    if (registry.has(assignor.name)) {
      throw new StreamError(
        'invalid',
        'ASSIGNOR_NAME_TAKEN',
        `there are two assignors with the name "${assignor.name}": give yours another one`,
      );
    }
    registry.set(assignor.name, assignor);
  }
  return registry;
}
