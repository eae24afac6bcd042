/** All bugs that the tests must notice. */
import { BOUND_MUTANTS } from './list/bounds.ts';
import { CLIENT_MUTANTS } from './list/client.ts';
import { CLIENT_GROUP_MUTANTS } from './list/client-groups.ts';
import { COORDINATOR_MUTANTS } from './list/coordinator.ts';
import { GROUP_MUTANTS } from './list/groups.ts';
import { KUBE_MUTANTS } from './list/kube.ts';
import { LEASE_MUTANTS } from './list/leases.ts';
import { LOG_MUTANTS } from './list/log.ts';
import { OBJECT_MUTANTS } from './list/objects.ts';
import { OPERATOR_MUTANTS } from './list/operator.ts';
import { PUBLISH_MUTANTS } from './list/publish.ts';
import { RECONCILING_MUTANTS } from './list/reconciling.ts';
import { TOPIC_MUTANTS } from './list/topics.ts';
import type { Mutant } from './mutant.ts';

export const MUTANTS: readonly Mutant[] = [
  ...PUBLISH_MUTANTS,
  ...LEASE_MUTANTS,
  ...LOG_MUTANTS,
  ...OBJECT_MUTANTS,
  ...TOPIC_MUTANTS,
  ...GROUP_MUTANTS,
  ...COORDINATOR_MUTANTS,
  ...OPERATOR_MUTANTS,
  ...KUBE_MUTANTS,
  ...RECONCILING_MUTANTS,
  ...CLIENT_MUTANTS,
  ...CLIENT_GROUP_MUTANTS,
  ...BOUND_MUTANTS,
];
