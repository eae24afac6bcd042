/** The shape that every kind of resource shares: what a kind is made of, and what one resource of it looks like. */
import { z } from 'zod';
import { openApiSchema, type SchemaNode } from './open-api.ts';

export const GROUP = 'streamhouse.io';
export const VERSION = 'v1alpha1';

/** Metadata as an API server returns it. What a user writes has a name and little else. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  /** Identity of this life of the resource: one made again under the name has another. */
  readonly uid: string;
  /** Opaque; changes with each write. */
  readonly resourceVersion: string;
  /** Changes with each write of the spec. */
  readonly generation: number;
  /** RFC 3339. */
  readonly creationTimestamp: string;
  /** Set once deletion was asked for; the resource goes when `finalizers` is empty. */
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}

/** What is known of one aspect of a resource, as in `metav1.Condition`. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** Stable, CamelCase; for programs. */
  readonly reason: string;
  /** A sentence for people that says what to do. */
  readonly message: string;
  /** RFC 3339; when `status` last changed. */
  readonly lastTransitionTime: string;
  /** The `metadata.generation` that this was found for. */
  readonly observedGeneration: number;
}

export interface Resource<Spec, Status> {
  readonly apiVersion: `${typeof GROUP}/${typeof VERSION}`;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly status?: Status;
}

/**
 * What a schema cannot say, once for the API server and once for everyone else. `cel` is evaluated where `at` points;
 * `self` is that value with its defaults. A rule of the spec that reads `oldSelf` is asked only when there was one before.
 */
interface RuleOf<Self> {
  /** The field at fault, below the spec; `metadata.name` for a rule of the whole resource. */
  readonly field: string;
  readonly cel: string;
  /** What to do about it. */
  readonly message: string;
  holds(self: Self, oldSelf: Self | undefined): boolean;
}

export type Rule<Spec> =
  | ({ readonly at: 'spec' } & RuleOf<Spec>)
  | ({ readonly at: 'resource' } & RuleOf<Named<Spec>>);

/** What a rule of the whole resource may read: API servers show rules no other metadata. */
export interface Named<Spec> {
  readonly metadata: { readonly name: string };
  readonly spec: Spec;
}

/** A column of `kubectl get`. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** Shown by `-o wide` only. */
  readonly isWide?: true;
}

/** The conditions of a kind: what each says, and every reason that it may give. */
export type ConditionTable = Readonly<
  Record<
    string,
    { readonly description: string; readonly reasons: Readonly<Record<string, string>> }
  >
>;

/** A condition of such a table as a plan finds it: when it changed, and for which generation, its writer knows. */
export type Finding<Table extends ConditionTable> = {
  [Type in keyof Table]: {
    readonly type: Type;
    readonly status: Condition['status'];
    readonly reason: keyof Table[Type]['reasons'];
    readonly message: string;
  };
}[keyof Table];

/** What the author of a kind writes. */
interface KindParts<Spec, Status> {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly spec: z.ZodType<Spec>;
  readonly status: z.ZodType<Status>;
  readonly rules: readonly Rule<Spec>[];
  readonly columns: readonly Column[];
  readonly conditions: ConditionTable;
  /** JSON paths of the scale subresource, where the kind has one. */
  readonly scale?: {
    readonly specReplicasPath: string;
    readonly statusReplicasPath: string;
    readonly labelSelectorPath: string;
  };
}

export interface ResourceKind<Spec = unknown, Status = unknown> extends KindParts<Spec, Status> {
  readonly group: typeof GROUP;
  readonly version: typeof VERSION;
  /** The whole resource. Metadata is the server's: only the name is looked at. */
  readonly resource: z.ZodType<Named<Spec>>;
  /** `spec` and `status` as API servers know them. */
  readonly openApi: { readonly spec: SchemaNode; readonly status: SchemaNode };
}

const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const METADATA = z.looseObject({
  name: z
    .string()
    .max(253)
    .regex(
      DNS_SUBDOMAIN,
      'must be lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit',
    ),
});

/** A kind of our group. Its derived schemas are made once, because they are used for every resource. */
export function defineKind<Spec, Status>(
  parts: KindParts<Spec, Status>,
): ResourceKind<Spec, Status> {
  const { kind, spec, status } = parts;
  const resource = z.strictObject({
    apiVersion: z.literal(`${GROUP}/${VERSION}`),
    kind: z.literal(kind),
    metadata: METADATA,
    spec,
    status: status.optional(),
  });
  return {
    ...parts,
    group: GROUP,
    version: VERSION,
    resource: resource as unknown as z.ZodType<Named<Spec>>,
    openApi: { spec: openApiSchema(spec), status: openApiSchema(status) },
  };
}
