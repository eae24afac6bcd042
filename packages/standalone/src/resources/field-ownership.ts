/**
 * Who wrote which field, as server-side apply needs to know: what a manifest no longer names is removed if nobody else wants
 * it, and what somebody else set differently is a conflict. An object is taken apart into leaves: maps are walked, lists are
 * one leaf, but for the finalizers, of which each is one. The status belongs to its own subresource and is left out.
 *
 * Stored in `metadata.managedFields` in the format FieldsV1: a tree whose segments are `f:<field>` or `v:<element as JSON>`
 * (Kubernetes API conventions, "Field Management"; sigs.k8s.io/structured-merge-diff).
 */
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject, only, without } from './json.ts';

export interface FieldWriter {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  /** ISO 8601. */
  readonly time: string;
}

export interface FieldConflict {
  readonly manager: string;
  /** As in `.spec.partitions`. */
  readonly field: string;
}

export interface Applied {
  readonly object: JsonObject;
  /** Fields that another manager set to another value. They are taken over all the same; the caller decides. */
  readonly conflicts: readonly FieldConflict[];
}

/** A path is the JSON text of its segments. */
type Leaves = Map<string, unknown>;

interface Owner {
  readonly manager: string;
  readonly operation: string;
  readonly time: string;
  readonly paths: ReadonlySet<string>;
}

const ROOT_OF_NOBODY = ['apiVersion', 'kind', 'status'];
const METADATA_OF_NOBODY = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
];
const FINALIZERS = JSON.stringify(['f:metadata', 'f:finalizers']);

/** The object with `managedFields` as they are after `writer` made it of `previous` by a create, an update or a patch. */
export function updatedBy(
  writer: FieldWriter,
  previous: JsonObject | undefined,
  next: JsonObject,
): JsonObject {
  const before = leavesOf(previous ?? {});
  const after = leavesOf(next);
  const written = new Set(
    [...after].flatMap(([path, value]) => (isSame(before, path, value) ? [] : [path])),
  );
  const owners = ownersOf(previous).map((owner) => {
    const isWriter = owner.manager === writer.manager && owner.operation === writer.operation;
    const isOwned = (path: string): boolean => after.has(path) && (isWriter || !written.has(path));
    return { ...owner, paths: new Set([...owner.paths].filter(isOwned)) };
  });
  const own = owners.find((owner) => isOf(owner, writer));
  const paths = new Set([...(own?.paths ?? []), ...written]);
  const time = written.size > 0 ? writer.time : (own?.time ?? writer.time);
  return withOwners(next, [...owners.filter((owner) => owner !== own), { ...writer, time, paths }]);
}

/** What an apply of a whole manifest makes of `previous`: its fields are set, those that it had and lost are removed. */
export function appliedBy(
  writer: FieldWriter,
  previous: JsonObject,
  manifest: JsonObject,
): Applied {
  const leaves = leavesOf(previous);
  const wanted = leavesOf(manifest);
  const owners = ownersOf(previous);
  const own = owners.find((owner) => isOf(owner, writer));
  const others = owners.filter((owner) => owner !== own);
  const conflicts: FieldConflict[] = [];
  const remaining = others.map((owner) => {
    const lost = [...owner.paths].filter(
      (path) => wanted.has(path) && !isSame(leaves, path, wanted.get(path)),
    );
    conflicts.push(...lost.map((path) => ({ manager: owner.manager, field: fieldName(path) })));
    return { ...owner, paths: new Set([...owner.paths].filter((path) => !lost.includes(path))) };
  });
  for (const path of own?.paths ?? []) {
    const isWanted = wanted.has(path) || remaining.some((owner) => owner.paths.has(path));
    if (!isWanted) leaves.delete(path);
  }
  setLeaves(leaves, wanted);
  const object = assembled(leaves, previous);
  const paths = new Set(wanted.keys());
  const isUnchanged =
    own !== undefined && isDeepStrictEqual(own.paths, paths) && isDeepStrictEqual(object, previous);
  const time = isUnchanged ? own.time : writer.time;
  return {
    object: withOwners(object, [...remaining, { ...writer, time, paths }]),
    conflicts,
  };
}

function isOf(owner: Owner, writer: FieldWriter): boolean {
  return owner.manager === writer.manager && owner.operation === writer.operation;
}

function isSame(leaves: Leaves, path: string, value: unknown): boolean {
  return leaves.has(path) && isDeepStrictEqual(leaves.get(path), value);
}

function leavesOf(object: JsonObject): Leaves {
  const leaves: Leaves = new Map();
  collect(without(object, [...ROOT_OF_NOBODY, 'metadata']), [], leaves);
  collect(without(metadataOf(object), METADATA_OF_NOBODY), ['f:metadata'], leaves);
  return leaves;
}

function collect(fields: JsonObject, at: readonly string[], leaves: Leaves): void {
  for (const [name, value] of Object.entries(fields)) {
    const segments = [...at, `f:${name}`];
    const path = JSON.stringify(segments);
    if (isJsonObject(value) && Object.keys(value).length > 0) {
      collect(value, segments, leaves);
    } else if (path === FINALIZERS && Array.isArray(value)) {
      for (const each of value)
        leaves.set(JSON.stringify([...segments, `v:${JSON.stringify(each)}`]), each);
    } else {
      leaves.set(path, value);
    }
  }
}

/**
 * Sets leaves. What stood above or below one of them gives way, but an empty map does not empty a full one.
 */
function setLeaves(leaves: Leaves, wanted: Leaves): void {
  const inner = new Set([...leaves.keys()].flatMap(pathsAbove));
  for (const [path, value] of wanted) {
    if (inner.has(path)) {
      if (isJsonObject(value)) continue;
      for (const each of [...leaves.keys()]) if (isBelow(each, path)) leaves.delete(each);
    }
    for (const each of pathsAbove(path)) leaves.delete(each);
    leaves.set(path, value);
  }
}

function pathsAbove(path: string): string[] {
  const segments = JSON.parse(path) as string[];
  return segments.slice(1).map((_, index) => JSON.stringify(segments.slice(0, index + 1)));
}

function isBelow(path: string, parent: string): boolean {
  return path.startsWith(`${parent.slice(0, -1)},`);
}

/** The object that the leaves make up, with what of `previous` belongs to nobody. */
function assembled(leaves: Leaves, previous: JsonObject): JsonObject {
  const fields = fieldsOf(treeOf(leaves));
  const system = only(metadataOf(previous), METADATA_OF_NOBODY);
  return {
    ...only(previous, ROOT_OF_NOBODY),
    ...fields,
    metadata: { ...system, ...metadataOf(fields) },
  };
}

function metadataOf(object: JsonObject | undefined): JsonObject {
  const metadata = object?.['metadata'];
  return isJsonObject(metadata) ? metadata : {};
}

type Tree = Map<string, Tree | { readonly leaf: unknown }>;

function treeOf(entries: Iterable<readonly [string, unknown]>): Tree {
  const root: Tree = new Map();
  for (const [path, leaf] of entries) {
    const segments = JSON.parse(path) as string[];
    let node = root;
    for (const segment of segments.slice(0, -1)) {
      let child = node.get(segment);
      if (!(child instanceof Map)) {
        child = new Map();
        node.set(segment, child);
      }
      node = child;
    }
    node.set(segments.at(-1) ?? '', { leaf });
  }
  return root;
}

function fieldsOf(tree: Tree): JsonObject {
  return Object.fromEntries(
    [...tree].map(([segment, node]) => {
      if (!(node instanceof Map)) return [segment.slice(2), node.leaf];
      const isSet = [...node.keys()].every((each) => each.startsWith('v:'));
      const elements = [...node.values()].map((each) => (each instanceof Map ? each : each.leaf));
      return [segment.slice(2), isSet ? elements : fieldsOf(node)];
    }),
  );
}

function ownersOf(object: JsonObject | undefined): Owner[] {
  const entries = metadataOf(object)['managedFields'];
  if (!Array.isArray(entries)) return [];
  return entries.filter(isJsonObject).map((entry) => ({
    manager: String(entry['manager']),
    operation: String(entry['operation']),
    time: String(entry['time']),
    paths: new Set(pathsOf(entry['fieldsV1'], [])),
  }));
}

function pathsOf(tree: unknown, at: readonly string[]): string[] {
  if (!isJsonObject(tree)) return [];
  return Object.entries(tree).flatMap(([segment, child]) => {
    const segments = [...at, segment];
    const isLeaf = !isJsonObject(child) || Object.keys(child).length === 0;
    return isLeaf ? [JSON.stringify(segments)] : pathsOf(child, segments);
  });
}

function withOwners(object: JsonObject, owners: readonly Owner[]): JsonObject {
  const managedFields = owners
    .filter((owner) => owner.paths.size > 0)
    .map(({ manager, operation, time, paths }) => ({
      manager,
      operation,
      apiVersion: object['apiVersion'],
      time,
      fieldsType: 'FieldsV1',
      fieldsV1: plainTree(treeOf([...paths].toSorted().map((path) => [path, undefined]))),
    }));
  return { ...object, metadata: { ...metadataOf(object), managedFields } };
}

function plainTree(tree: Tree): JsonObject {
  return Object.fromEntries(
    [...tree].map(([segment, node]) => [segment, node instanceof Map ? plainTree(node) : {}]),
  );
}

function fieldName(path: string): string {
  const segments = JSON.parse(path) as string[];
  return segments
    .map((each) => (each.startsWith('f:') ? `.${each.slice(2)}` : `[${each.slice(2)}]`))
    .join('');
}
