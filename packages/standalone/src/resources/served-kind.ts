import type { Problem } from '@streamhouse/api/crd/check.ts';
import type { ApiObject } from './api-object.ts';
import type { JsonObject } from './json.ts';

/** A kind that the server keeps objects of. */
export interface ServedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  /** Whether objects are kept in the home; the others are gone with the process. */
  readonly isKept: boolean;
  /** Whether the status has a subresource of its own, and the rest a generation. */
  readonly hasStatus: boolean;
  readonly hasScale: boolean;
  readonly objectsMax: number;
  /** What a create does when there are `objectsMax` objects. */
  readonly whenFull: 'refuse' | 'dropOldest';
  readonly withDefaults: (object: JsonObject) => JsonObject;
  readonly check: (next: ApiObject, previous: ApiObject | undefined) => readonly Problem[];
}

export function apiVersionOf({ group, version }: Pick<ServedKind, 'group' | 'version'>): string {
  return `${group}/${version}`;
}

/** As in `topics.streamhouse.io`, which is how API servers name kinds in errors. */
export function resourceName({ plural, group }: Pick<ServedKind, 'plural' | 'group'>): string {
  return `${plural}.${group}`;
}
