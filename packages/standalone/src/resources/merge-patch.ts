import { isJsonObject } from './json.ts';

/** RFC 7386: objects are merged field by field, null removes a field, anything else replaces what was there. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const fields = new Map(isJsonObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) fields.delete(name);
    else fields.set(name, mergePatch(fields.get(name), value));
  }
  // Not by assignment: a field named __proto__ would set the prototype instead.
  return Object.fromEntries(fields);
}
