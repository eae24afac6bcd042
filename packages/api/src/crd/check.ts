/** What an API server does with a resource that comes in, for those who have none: defaults, then the schema, then the rules. */
import type { z } from 'zod';
import type { SchemaNode } from './open-api.ts';
import type { Named, Resource, ResourceKind } from './resource.ts';

/** A fault of a resource: the field, as a path such as `spec.agent.flush.maxBytes`, and what to do about it. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Every fault of `next`, written over `previous` if there was one. Faults of the schema come alone, as rules may rely on it.
 * Any value is answered, none throws.
 */
export function checkResource<Spec, Status>(
  kind: ResourceKind<Spec, Status>,
  next: unknown,
  previous: unknown,
): readonly Problem[] {
  const parsed = kind.resource.safeParse(filled(kind, next), { reportInput: true });
  if (!parsed.success) return parsed.error.issues.flatMap(problemsOf);
  const before = kind.resource.safeParse(filled(kind, previous));
  return brokenRules(kind, parsed.data, before.success ? before.data : undefined);
}

function brokenRules<Spec>(
  kind: ResourceKind<Spec>,
  self: Named<Spec>,
  oldSelf: Named<Spec> | undefined,
): readonly Problem[] {
  return kind.rules.flatMap((rule) => {
    const holds =
      rule.at === 'spec' ? rule.holds(self.spec, oldSelf?.spec) : rule.holds(self, oldSelf);
    const path = rule.at === 'spec' ? `spec.${rule.field}` : rule.field;
    return holds ? [] : [{ path, message: rule.message }];
  });
}

/**
 * `resource` with the defaults of its kind, as an API server fills them in on every read: also into what was stored
 * before a field existed. What breaks the schema stays as it is: the result has its type if `checkResource` finds nothing.
 */
export function withDefaults<Spec, Status>(
  kind: ResourceKind<Spec, Status>,
  resource: unknown,
): Resource<Spec, Status> {
  return filled(kind, resource) as Resource<Spec, Status>;
}

function filled(kind: ResourceKind, resource: unknown): unknown {
  if (!isFields(resource)) return resource;
  const { spec, ...rest } = resource;
  return spec == null ? rest : { ...rest, spec: withSchemaDefaults(kind.openApi.spec, spec) };
}

/** Null is what YAML makes of a key without a value: absent, as API servers see it. */
function withSchemaDefaults(schema: SchemaNode, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => withSchemaDefaults(items, item));
  }
  if (!isFields(value)) return value;
  const { properties = {}, additionalProperties } = schema;
  const nodeOf = (key: string): SchemaNode | undefined =>
    Object.hasOwn(properties, key) ? properties[key] : additionalProperties;
  const given = Object.entries(value).flatMap(([key, field]): [string, unknown][] => {
    const node = nodeOf(key);
    if (node === undefined) return [[key, field]];
    return field === null ? [] : [[key, withSchemaDefaults(node, field)]];
  });
  const names = new Set(given.map(([key]) => key));
  const missing = Object.entries(properties).flatMap(([key, node]): [string, unknown][] =>
    node.default === undefined || names.has(key)
      ? []
      : [[key, withSchemaDefaults(node, node.default)]],
  );
  return Object.fromEntries([...given, ...missing]);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function problemsOf(issue: z.core.$ZodIssue): readonly Problem[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: pathOf([...issue.path, key]),
      message: 'is not a field here: remove it, or correct its name',
    }));
  return [{ path: pathOf(issue.path), message: messageOf(issue) }];
}

/** Types by the names that API servers have for them; no field of ours is a number but an integer. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  int: 'integer',
  number: 'integer',
  record: 'object',
};

function messageOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is required'
        : `must be of type ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`;
    case 'too_small':
      return `must be at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`;
    // Those whose message the schema gives, and those that no schema of ours brings about.
    case 'custom':
    case 'invalid_union':
    case 'invalid_format':
    case 'invalid_key':
    case 'invalid_element':
    case 'not_multiple_of':
    case 'unrecognized_keys':
      return issue.message;
  }
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters long';
  return origin === 'array' ? ' items long' : '';
}

function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const name = String(part);
      if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) return `["${name.slice(0, 128)}"]`;
      return index === 0 ? name : `.${name}`;
    })
    .join('');
}
