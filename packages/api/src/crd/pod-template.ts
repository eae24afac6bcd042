/** What a pool may say of its pods: fields of the Pod API that cannot take the agents out of the `restricted` profile. */
import { z } from 'zod';
import { list, map, never, object, open, text } from './schema.ts';

type Labels = Readonly<Record<string, string>>;

interface MatchExpression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | undefined;
}

interface LabelSelector {
  readonly matchLabels?: Labels | undefined;
  readonly matchExpressions?: readonly MatchExpression[] | undefined;
}

/** As in the Pod API, which checks what is inside when the pods are made: typed in full it would double the definition. */
type AffinityTerms = Readonly<Record<string, unknown>>;

export interface Affinity {
  readonly nodeAffinity?: AffinityTerms | undefined;
  readonly podAffinity?: AffinityTerms | undefined;
  readonly podAntiAffinity?: AffinityTerms | undefined;
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

const FORBIDDEN = never('agents run with the restricted pod security profile: remove this field')
  .optional()
  .describe('Known in order to be refused: true lifts the restricted pod security profile.');

const SECURITY = object<PodSecurity>({
  runAsUser: ID.optional().describe('Numeric user that the agent runs as; never 0.'),
  runAsGroup: ID.optional().describe('Numeric group that the agent runs as; never 0.'),
  fsGroup: ID.optional().describe('Numeric group that owns the volumes.'),
  supplementalGroups: list(ID, 16).optional().describe('Further numeric groups.'),
  privileged: FORBIDDEN,
  allowPrivilegeEscalation: FORBIDDEN,
});

export const POD_TEMPLATE: z.ZodType<PodTemplate> = object<PodTemplate>({
  labels: labels('Further labels of the pods.'),
  annotations: map(z.string().max(4096), 64)
    .optional()
    .describe('Further annotations of the pods.'),
  nodeSelector: labels('Labels that a node must have.'),
  tolerations: list(TOLERATION, 32).optional().describe('Taints of nodes that the pods endure.'),
  affinity: object<Affinity>({
    nodeAffinity: open(2).optional().describe('Nodes to be on.'),
    podAffinity: open(2).optional().describe('Pods to be near.'),
    podAntiAffinity: open(2).optional().describe('Pods to be away from.'),
  })
    .optional()
    .describe('Where the pods should and must run, beside the zone of the pool.'),
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
  hostNetwork: FORBIDDEN,
  hostPID: FORBIDDEN,
  hostIPC: FORBIDDEN,
});
