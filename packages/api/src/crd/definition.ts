/** From a kind to the CustomResourceDefinition that tells an API server of it. */
import type { SchemaNode } from './open-api.ts';
import type { ResourceKind, Rule } from './resource.ts';

/** The CustomResourceDefinition of a kind, as plain values. */
export function customResourceDefinition(kind: ResourceKind): object {
  const { group, version, plural, singular, shortNames, scale } = kind;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural,
        singular,
        shortNames,
        categories: ['streamhouse'],
      },
      scope: 'Namespaced',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: kind.columns.map(({ isWide, ...column }) => ({
            ...column,
            ...(isWide === true ? { priority: 1 } : {}),
          })),
          schema: { openAPIV3Schema: rootSchema(kind) },
          subresources: { status: {}, ...(scale === undefined ? {} : { scale }) },
        },
      ],
    },
  };
}

function rootSchema(kind: ResourceKind): SchemaNode {
  const { spec, status } = kind.openApi;
  return {
    type: 'object',
    description: kind.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: 'Group and version of the kind.' },
      kind: { type: 'string', description: 'The kind.' },
      // Of metadata a schema may say something of the name only; a rule's `fieldPath` must find it here.
      metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 253 } } },
      spec: { ...spec, description: 'What is asked for.', ...validations(kind, 'spec') },
      status: { ...status, description: 'What is; written by the operator only.' },
    },
    ...validations(kind, 'resource'),
  };
}

function validations(
  kind: ResourceKind,
  at: Rule<unknown>['at'],
): Pick<SchemaNode, 'x-kubernetes-validations'> {
  const rules = kind.rules.filter((rule) => rule.at === at);
  if (rules.length === 0) return {};
  return {
    'x-kubernetes-validations': rules.map(({ cel, message, field }) => ({
      rule: cel,
      message,
      fieldPath: `.${field}`,
    })),
  };
}
