/** Structural schemas: the part of OpenAPI 3.0 that CustomResourceDefinitions know, and how ours become one. */
import { z } from 'zod';

/** A rule as a structural schema has it. */
export interface Validation {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode;
  readonly items?: SchemaNode;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: string;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly pattern?: string;
  readonly 'x-kubernetes-validations'?: readonly Validation[];
  readonly 'x-kubernetes-int-or-string'?: true;
  readonly 'x-kubernetes-list-type'?: string;
}

/** The schema as API servers take it. */
export function openApiSchema(schema: z.ZodType): SchemaNode {
  return z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    override: ({ jsonSchema }) => {
      // Unknown fields are pruned or refused by the server itself; the keyword may not stand beside properties.
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      if (jsonSchema['x-kubernetes-preserve-unknown-fields'] === true)
        delete jsonSchema.additionalProperties;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema['x-kubernetes-int-or-string'] === true) takeIntOrString(jsonSchema);
    },
  }) as SchemaNode;
}

/** The extension says that it is one of both; beside it stand the bounds of each. */
function takeIntOrString(node: z.core.JSONSchema.BaseSchema): void {
  const text = node.anyOf?.find((branch) => branch.type === 'string');
  const number = node.anyOf?.find((branch) => branch.type === 'integer');
  delete node.anyOf;
  if (number?.minimum !== undefined) node.minimum = number.minimum;
  if (text?.pattern !== undefined) node.pattern = text.pattern;
  if (text?.maxLength !== undefined) node.maxLength = text.maxLength;
}
