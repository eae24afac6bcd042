/** What pods and StatefulSets say of agents. Pure: the API objects of Kubernetes on one side, facts on the other. */
import type { KubeObject } from '../kube/kube-api.ts';
import type { GivenImage } from '../plan/children/kept-image.ts';
import {
  IMAGE_ANNOTATION,
  INTENT_ANNOTATION,
  POOL_LABEL,
  REVISION_ANNOTATION,
  ZONE_LABEL,
} from '../plan/children/names.ts';
import type { OwnerReference } from '../plan/children/kube-types.ts';
import type { PlatformMember, PoolSet, Trouble } from '../plan/pool-facts.ts';

type Texts = Readonly<Record<string, string>>;

export interface OwnedObject extends KubeObject {
  readonly metadata: KubeObject['metadata'] & {
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Texts;
    readonly annotations?: Texts;
    readonly ownerReferences?: readonly Partial<OwnerReference>[];
  };
}

export interface StatefulSet extends OwnedObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly updateStrategy?: { readonly rollingUpdate?: { readonly partition?: number } };
  };
  readonly status?: { readonly observedGeneration?: number };
}

interface ContainerState {
  readonly running?: object;
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly terminated?: {
    readonly reason?: string;
    readonly exitCode?: number;
    readonly finishedAt?: string;
  };
}

export interface Pod extends OwnedObject {
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
      readonly lastTransitionTime?: string;
    }[];
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly state?: ContainerState;
      readonly lastState?: ContainerState;
    }[];
  };
}

/** The uid of the object that owns it. */
export function controllerOf({ metadata }: OwnedObject): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;
}

export function poolKeyOf({ metadata }: OwnedObject): string | undefined {
  const pool = metadata.labels?.[POOL_LABEL];
  return pool === undefined ? undefined : `${metadata.namespace}/${pool}`;
}

export function setOf({ metadata, spec, status }: StatefulSet): PoolSet {
  return {
    zone: metadata.labels?.[ZONE_LABEL] ?? '',
    replicas: spec?.replicas ?? 1,
    partition: spec?.updateStrategy?.rollingUpdate?.partition ?? 0,
    revision: metadata.annotations?.[REVISION_ANNOTATION] ?? '',
    isObserved: (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
  };
}

export function givenImageOf({ metadata }: StatefulSet): GivenImage {
  const { annotations = {} } = metadata;
  return {
    intent: annotations[INTENT_ANNOTATION] ?? '',
    image: annotations[IMAGE_ANNOTATION] ?? '',
  };
}

/** `nowMs` is wall time. A pod without an ordinal is none of a StatefulSet: undefined. */
export function memberOf(pod: Pod, nowMs: number): PlatformMember | undefined {
  const { metadata, status } = pod;
  const ordinal = /-(\d+)$/.exec(metadata.name)?.[1];
  if (ordinal === undefined) return undefined;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const isReady = ready?.status === 'True';
  const sinceMs = timeOf(ready?.lastTransitionTime ?? metadata.creationTimestamp) ?? nowMs;
  return {
    zone: metadata.labels?.[ZONE_LABEL] ?? '',
    ordinal: Number(ordinal),
    agentId: metadata.name,
    revision: metadata.annotations?.[REVISION_ANNOTATION] ?? '',
    isReady,
    isStopping: metadata.deletionTimestamp !== undefined,
    unreadyMs: isReady ? 0 : Math.max(0, nowMs - sinceMs),
    trouble: isReady ? undefined : troubleOf(pod),
    endedBeforeMs: endedBeforeMs(pod),
  };
}

/**
 * The clocks are those of the node and of Postgres. Where they differ an agent is fenced later, after its session timeout, or
 * once too often, which costs a takeover (I-22). Only of a container that does not run, so that no clock can fence for ever.
 */
function endedBeforeMs({ metadata, status }: Pod): number | undefined {
  const agent = agentContainer(status);
  if (agent?.state?.running !== undefined) return undefined;
  const ended = agent?.state?.terminated ?? agent?.lastState?.terminated;
  return timeOf(ended?.finishedAt) ?? timeOf(metadata.creationTimestamp);
}

/** Reasons for which a kubelet cannot start a container, in spite of trying. */
const FAILING: ReadonlySet<string> = new Set([
  'CrashLoopBackOff',
  'CreateContainerConfigError',
  'CreateContainerError',
  'ErrImageNeverPull',
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'RunContainerError',
]);

function troubleOf({ status }: Pod): Trouble | undefined {
  const { waiting } = agentContainer(status)?.state ?? {};
  const reason = waiting?.reason ?? '';
  if (reason === 'CreateContainerConfigError' && /secret/i.test(waiting?.message ?? ''))
    return { kind: 'secretMissing', message: waiting?.message ?? reason };
  if (FAILING.has(reason)) return { kind: 'failing', message: sentence(reason, waiting?.message) };
  if (status?.phase === 'Failed')
    return { kind: 'failing', message: sentence(status.reason ?? 'Failed', status.message) };
  return undefined;
}

function sentence(reason: string, message: string | undefined): string {
  return message === undefined || message === '' ? reason : `${reason}: ${message.slice(0, 300)}`;
}

function agentContainer(
  status: Pod['status'],
): NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number] | undefined {
  return status?.containerStatuses?.find(({ name }) => name === 'agent');
}

function timeOf(time: string | undefined): number | undefined {
  const ms = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(ms) ? undefined : ms;
}
