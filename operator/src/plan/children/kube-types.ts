import type { KubeObject, ResourceType } from '../../kube/kube-api.ts';

/** An object as it is applied. */
export interface ChildObject extends KubeObject {
  readonly metadata: KubeObject['metadata'] & {
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly ownerReferences: readonly OwnerReference[];
  };
  readonly [field: string]: unknown;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: true;
  readonly blockOwnerDeletion: true;
}

export interface Child {
  readonly type: ResourceType;
  readonly object: ChildObject;
}

export const STATEFUL_SET: ResourceType = {
  group: 'apps',
  version: 'v1',
  plural: 'statefulsets',
  kind: 'StatefulSet',
  isNamespaced: true,
};
export const POD: ResourceType = core('pods', 'Pod');
export const SERVICE: ResourceType = core('services', 'Service');
export const SERVICE_ACCOUNT: ResourceType = core('serviceaccounts', 'ServiceAccount');
export const DISRUPTION_BUDGET: ResourceType = {
  group: 'policy',
  version: 'v1',
  plural: 'poddisruptionbudgets',
  kind: 'PodDisruptionBudget',
  isNamespaced: true,
};

function core(plural: string, kind: string): ResourceType {
  return { group: '', version: 'v1', plural, kind, isNamespaced: true };
}
