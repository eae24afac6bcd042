/** Who may do what, by the roles of a rendered chart. */
import type { KubeObject } from '../../harness/chart.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** One right: `namespace: verb group/resource`, with a name where it holds for that only. Cluster-wide: `*`. */
export function rightsOf(objects: readonly KubeObject[], account: string): string[] {
  const bindings = objects.filter(
    ({ kind, subjects }) =>
      ['RoleBinding', 'ClusterRoleBinding'].includes(kind) &&
      subjects.some((subject: { name: string }) => subject.name === account),
  );
  return bindings
    .flatMap((binding) => {
      const place = binding.kind === 'ClusterRoleBinding' ? '*' : binding.metadata.namespace;
      const role = objects.find(
        ({ kind, metadata }) =>
          kind === binding['roleRef'].kind &&
          metadata.name === binding['roleRef'].name &&
          (kind === 'ClusterRole' || metadata.namespace === place),
      );
      return ((role?.['rules'] ?? []) as Rule[]).flatMap((rule) =>
        rightsOfRule(rule).map((right) => `${place}: ${right}`),
      );
    })
    .toSorted();
}

function rightsOfRule(rule: Rule): string[] {
  const names = rule.resourceNames?.map((name) => ` ${name}`) ?? [''];
  return rule.apiGroups.flatMap((group) =>
    rule.resources.flatMap((resource) =>
      rule.verbs.flatMap((verb) => names.map((name) => `${verb} ${group}/${resource}${name}`)),
    ),
  );
}
