/** The Kubernetes objects of a pool. Pure. */
import type { AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import { GROUP, VERSION } from '@streamhouse/api/crd/resource.ts';
import { specHash } from '../spec-hash.ts';
import {
  type Child,
  type ChildObject,
  DISRUPTION_BUDGET,
  type OwnerReference,
  SERVICE,
  SERVICE_ACCOUNT,
  STATEFUL_SET,
} from './kube-types.ts';
import type { ResourceType } from '../../kube/kube-api.ts';
import { type GivenImage, imageOf, intentOf, type PoolInstall } from './kept-image.ts';
import {
  agentsName,
  APPLIED_ANNOTATION,
  headlessName,
  IMAGE_ANNOTATION,
  INTENT_ANNOTATION,
  labelsOf,
  REVISION_ANNOTATION,
  selectorOf,
  setName,
  ZONE_LABEL,
} from './names.ts';
import { podTemplate, revisionOf } from './pod.ts';

/** Those that a pool has once, in the order in which they are applied. */
export function sharedChildren(pool: AgentPoolResource): readonly Child[] {
  const { name } = pool.metadata;
  const selector = selectorOf(name);
  const grpc = { name: 'grpc', port: 9090, targetPort: 'grpc', protocol: 'TCP' };
  const http = { name: 'http', port: 8080, targetPort: 'http', protocol: 'TCP' };
  return [
    childOf(pool, SERVICE_ACCOUNT, agentsName(name), { automountServiceAccountToken: false }),
    childOf(pool, SERVICE, headlessName(name), {
      spec: { clusterIP: 'None', publishNotReadyAddresses: true, selector, ports: [grpc, http] },
    }),
    childOf(pool, SERVICE, agentsName(name), {
      spec: { type: 'ClusterIP', selector, ports: [grpc] },
    }),
    childOf(pool, DISRUPTION_BUDGET, agentsName(name), {
      spec: {
        maxUnavailable: pool.spec.disruptionBudget.maxUnavailable,
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: selector },
      },
    }),
  ];
}

/** The StatefulSet of one zone, or of the pool when `zone` is empty. `given`: what the sets of the pool say of their images. */
export function setChild(
  pool: AgentPoolResource,
  set: { readonly zone: string; readonly replicas: number; readonly partition: number },
  install: PoolInstall,
  given: readonly GivenImage[] = [],
): Child {
  const { name } = pool.metadata;
  const { zone, replicas, partition } = set;
  const image = imageOf(pool, given, install);
  const template = podTemplate(pool, zone, { ...install, image });
  const labels = zone === '' ? {} : { [ZONE_LABEL]: zone };
  const annotations = {
    [REVISION_ANNOTATION]: revisionOf(template),
    [INTENT_ANNOTATION]: intentOf(pool, install),
    [IMAGE_ANNOTATION]: image,
  };
  return childOf(
    pool,
    STATEFUL_SET,
    setName(name, zone),
    {
      spec: {
        replicas,
        serviceName: headlessName(name),
        podManagementPolicy: 'Parallel',
        revisionHistoryLimit: 5,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } },
        selector: { matchLabels: { ...selectorOf(name), ...labels } },
        template,
      },
    },
    { labels, annotations },
  );
}

function ownerReference({ metadata }: AgentPoolResource): OwnerReference {
  return {
    apiVersion: `${GROUP}/${VERSION}`,
    kind: 'AgentPool',
    name: metadata.name,
    uid: metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

function childOf(
  pool: AgentPoolResource,
  type: ResourceType,
  name: string,
  body: object,
  extra: Pick<ChildObject['metadata'], 'labels' | 'annotations'> = { labels: {}, annotations: {} },
): Child {
  const metadata = {
    name,
    namespace: pool.metadata.namespace,
    labels: { ...labelsOf(pool.metadata.name), ...extra.labels },
    ownerReferences: [ownerReference(pool)],
  };
  const applied = specHash({ metadata, annotations: extra.annotations, body });
  const annotations = { ...extra.annotations, [APPLIED_ANNOTATION]: applied };
  return { type, object: { metadata: { ...metadata, annotations }, ...body } };
}
