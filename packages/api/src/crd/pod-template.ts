/** What a pool may say of its pods: fields of the Pod API that cannot take the agents out of the `restricted` profile. */
import { z } from 'zod';
import { list, map, object, text } from './schema.ts';

type Labels = Readonly<Record<string, string>>;

interface MatchExpression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | undefined;
}

export interface LabelSelector {
  readonly matchLabels?: Labels | undefined;
  readonly matchExpressions?: readonly MatchExpression[] | undefined;
}

interface NodeSelectorTerm {
  readonly matchExpressions?: readonly MatchExpression[] | undefined;
  readonly matchFields?: readonly MatchExpression[] | undefined;
}

interface PodAffinityTerm {
  readonly labelSelector?: LabelSelector | undefined;
  readonly namespaceSelector?: LabelSelector | undefined;
  readonly namespaces?: readonly string[] | undefined;
  readonly topologyKey: string;
}

interface PodAffinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly PodAffinityTerm[] | undefined;
  readonly preferredDuringSchedulingIgnoredDuringExecution?:
    | readonly { readonly weight: number; readonly podAffinityTerm: PodAffinityTerm }[]
    | undefined;
}

interface NodeAffinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?:
    | { readonly nodeSelectorTerms: readonly NodeSelectorTerm[] }
    | undefined;
  readonly preferredDuringSchedulingIgnoredDuringExecution?:
    | readonly { readonly weight: number; readonly preference: NodeSelectorTerm }[]
    | undefined;
}

export interface Affinity {
  readonly nodeAffinity?: NodeAffinity | undefined;
  readonly podAffinity?: PodAffinity | undefined;
  readonly podAntiAffinity?: PodAffinity | undefined;
}

export interface Toleration {
  readonly key?: string | undefined;
  readonly operator?: 'Exists' | 'Equal' | undefined;
  readonly value?: string | undefined;
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute' | undefined;
  readonly tolerationSeconds?: number | undefined;
}

export interface TopologySpreadConstraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly whenUnsatisfiable: 'DoNotSchedule' | 'ScheduleAnyway';
  readonly labelSelector?: LabelSelector | undefined;
  readonly minDomains?: number | undefined;
}

/** The identity that the agents run as. What would lift the `restricted` profile is known, so that it can be refused by name. */
export interface PodSecurity {
  readonly runAsUser?: number | undefined;
  readonly runAsGroup?: number | undefined;
  readonly fsGroup?: number | undefined;
  readonly supplementalGroups?: readonly number[] | undefined;
  readonly privileged?: boolean | undefined;
  readonly allowPrivilegeEscalation?: boolean | undefined;
}

export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
}

export interface PodTemplate {
  readonly labels?: Labels | undefined;
  readonly annotations?: Labels | undefined;
  readonly nodeSelector?: Labels | undefined;
  readonly tolerations?: readonly Toleration[] | undefined;
  readonly affinity?: Affinity | undefined;
  readonly topologySpreadConstraints?: readonly TopologySpreadConstraint[] | undefined;
  readonly priorityClassName?: string | undefined;
  readonly imagePullSecrets?: readonly { readonly name: string }[] | undefined;
  readonly env?: readonly EnvironmentVariable[] | undefined;
  readonly securityContext?: PodSecurity | undefined;
  readonly hostNetwork?: boolean | undefined;
  readonly hostPID?: boolean | undefined;
  readonly hostIPC?: boolean | undefined;
}

const KEY = z.string().min(1).max(317);
const NAME = z.string().min(1).max(253);
const WEIGHT = z.int().min(1).max(100).describe('How much it counts against the others.');

function labels(description: string): z.ZodType<Labels | undefined> {
  return map(z.string().max(63), 64).optional().describe(description);
}

const EXPRESSIONS = list(
  object<MatchExpression>({
    key: KEY.describe('Key of a label or field.'),
    operator: z
      .enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'])
      .describe('How the value compares.'),
    values: list(z.string().max(253), 64).optional().describe('What it is compared with.'),
  }),
  16,
);

const SELECTOR = object<LabelSelector>({
  matchLabels: labels('Labels with their values.'),
  matchExpressions: EXPRESSIONS.optional().describe('Comparisons, all of which must hold.'),
});

const NODE_TERM = object<NodeSelectorTerm>({
  matchExpressions: EXPRESSIONS.optional().describe('Comparisons of labels of the node.'),
  matchFields: EXPRESSIONS.optional().describe('Comparisons of fields of the node.'),
});

const POD_TERM = object<PodAffinityTerm>({
  labelSelector: SELECTOR.optional().describe('Pods that it is about.'),
  namespaceSelector: SELECTOR.optional().describe('Namespaces of those pods.'),
  namespaces: list(NAME, 16).optional().describe('Names of namespaces of those pods.'),
  topologyKey: KEY.describe('Label of nodes: those with the same value are one place.'),
});

const POD_AFFINITY = object<PodAffinity>({
  requiredDuringSchedulingIgnoredDuringExecution: list(POD_TERM, 16)
    .optional()
    .describe('Must hold.'),
  preferredDuringSchedulingIgnoredDuringExecution: list(
    object({ weight: WEIGHT, podAffinityTerm: POD_TERM.describe('What is preferred.') }),
    16,
  )
    .optional()
    .describe('Should hold.'),
});

const NODE_AFFINITY = object<NodeAffinity>({
  requiredDuringSchedulingIgnoredDuringExecution: object({
    nodeSelectorTerms: list(NODE_TERM, 16).describe('One of them must hold.'),
  })
    .optional()
    .describe('Must hold.'),
  preferredDuringSchedulingIgnoredDuringExecution: list(
    object({ weight: WEIGHT, preference: NODE_TERM.describe('What is preferred.') }),
    16,
  )
    .optional()
    .describe('Should hold.'),
});

const TOLERATION = object<Toleration>({
  key: z.string().max(317).optional().describe('Key of the taint; without it, every taint.'),
  operator: z
    .enum(['Exists', 'Equal'])
    .optional()
    .describe('How the value compares: Equal unless told.'),
  value: z.string().max(63).optional().describe('Value of the taint.'),
  effect: z
    .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
    .optional()
    .describe('Effect of the taint; without it, every effect.'),
  tolerationSeconds: z
    .int()
    .min(0)
    .max(31_536_000)
    .optional()
    .describe('How long a NoExecute taint is endured.'),
});

const SPREAD = object<TopologySpreadConstraint>({
  maxSkew: z.int().min(1).max(1000).describe('By how many pods two places may differ.'),
  topologyKey: KEY.describe('Label of nodes: those with the same value are one place.'),
  whenUnsatisfiable: z
    .enum(['DoNotSchedule', 'ScheduleAnyway'])
    .describe('What happens to a pod that would break it.'),
  labelSelector: SELECTOR.optional().describe(
    'Pods that are counted; without it, those of the pool.',
  ),
  minDomains: z.int().min(1).max(1000).optional().describe('How many places there must be.'),
});

const ID = z.int().min(1).max(2_147_483_647);

const SECURITY = object<PodSecurity>({
  runAsUser: ID.optional().describe('Numeric user that the agent runs as; never 0.'),
  runAsGroup: ID.optional().describe('Numeric group that the agent runs as; never 0.'),
  fsGroup: ID.optional().describe('Numeric group that owns the volumes.'),
  supplementalGroups: list(ID, 16).optional().describe('Further numeric groups.'),
  privileged: z.boolean().optional().describe('Refused if true.'),
  allowPrivilegeEscalation: z.boolean().optional().describe('Refused if true.'),
});

export const POD_TEMPLATE: z.ZodType<PodTemplate> = object<PodTemplate>({
  labels: labels('Further labels of the pods.'),
  annotations: map(z.string().max(4096), 64)
    .optional()
    .describe('Further annotations of the pods.'),
  nodeSelector: labels('Labels that a node must have.'),
  tolerations: list(TOLERATION, 32).optional().describe('Taints of nodes that the pods endure.'),
  affinity: object<Affinity>({
    nodeAffinity: NODE_AFFINITY.optional().describe('Nodes to be on.'),
    podAffinity: POD_AFFINITY.optional().describe('Pods to be near.'),
    podAntiAffinity: POD_AFFINITY.optional().describe('Pods to be away from.'),
  })
    .optional()
    .describe('Where the pods should and must run; beside the zone of the pool.'),
  topologySpreadConstraints: list(SPREAD, 8)
    .optional()
    .describe("How the pods spread over nodes; instead of the operator's own."),
  priorityClassName: NAME.optional().describe('PriorityClass of the pods.'),
  imagePullSecrets: list(
    object({ name: NAME.describe("Name of a Secret of the pool's namespace.") }),
    8,
  )
    .optional()
    .describe('Secrets to pull the image with.'),
  env: list(
    object<EnvironmentVariable>({
      name: text(
        '^[A-Za-z_][A-Za-z0-9_]*$',
        128,
        'must be a name of letters, digits and "_", not beginning with a digit',
      ).describe('Name of the variable.'),
      value: z.string().max(4096).describe('Value, as it is.'),
    }),
    32,
  )
    .optional()
    .describe(
      'Further environment variables of the agent; those that the operator sets are not overwritten.',
    ),
  securityContext: SECURITY.optional().describe(
    'Identity that the agents run as, where the platform asks for one.',
  ),
  hostNetwork: z.boolean().optional().describe('Refused if true.'),
  hostPID: z.boolean().optional().describe('Refused if true.'),
  hostIPC: z.boolean().optional().describe('Refused if true.'),
});
