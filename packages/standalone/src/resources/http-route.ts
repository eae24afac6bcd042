import type { ListQuery } from '@streamhouse/operator/kube/kube-api.ts';
import { isJsonObject } from './json.ts';
import type { ObjectType } from './local-kube-api.ts';
import { badRequest, unknownPath } from './refusals.ts';

/** What the path of a request names: `/apis/{group}/{version}[/namespaces/{ns}]/{plural}[/{name}[/status|/scale]]`. */
export type Route =
  | { readonly of: 'all'; readonly type: ObjectType }
  | { readonly of: 'namespace'; readonly type: ObjectType; readonly namespace: string }
  | {
      readonly of: 'object';
      readonly type: ObjectType;
      readonly ref: { readonly namespace: string; readonly name: string };
      readonly subresource: 'status' | 'scale' | undefined;
    };

const PATH =
  /^\/apis\/(?<group>[^/]+)\/(?<version>[^/]+)(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+)(?:\/(?<subresource>status|scale))?)?$/;

/** @throws KubeError `notFound` for any other path. */
export function routeOf(path: string): Route {
  const match = PATH.exec(path)?.groups;
  if (match === undefined) throw unknownPath();
  const parts = Object.fromEntries(
    Object.entries(match).map(([name, part]) => [name, part && decoded(part)]),
  );
  const { group = '', version = '', namespace, plural = '', name, subresource } = parts;
  const type = { group, version, plural };
  if (namespace === undefined) {
    if (name !== undefined) throw unknownPath();
    return { of: 'all', type };
  }
  if (name === undefined) return { of: 'namespace', type, namespace };
  return {
    of: 'object',
    type,
    ref: { namespace, name },
    subresource: subresource === 'status' || subresource === 'scale' ? subresource : undefined,
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw unknownPath();
  }
}

/** Parameters that would change what a request does, and that this server does not know: to ignore them would do harm. */
const UNKNOWN_PARAMETERS = ['dryRun', 'fieldSelector'];

/** @throws KubeError `invalid` for a parameter that is not understood. */
export function checkParameters(parameters: URLSearchParams): void {
  for (const name of UNKNOWN_PARAMETERS)
    if (parameters.get(name)) throw badRequest(`${name} is not served here`);
}

export function listQueryOf(route: Route, parameters: URLSearchParams): ListQuery {
  const labelSelector = parameters.get('labelSelector');
  const continueToken = parameters.get('continue');
  return {
    ...(route.of === 'namespace' ? { namespace: route.namespace } : {}),
    ...(labelSelector ? { labelSelector } : {}),
    ...(continueToken ? { continueToken } : {}),
    limit: integerOf(parameters, 'limit') ?? 0,
  };
}

export function integerOf(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d{1,9}$/.test(text)) throw badRequest(`${name} must be a whole number, got "${text}"`);
  return Number(text);
}

export function isTrue(parameters: URLSearchParams, name: string): boolean {
  return ['true', '1'].includes(parameters.get(name) ?? '');
}

/** What a DELETE says in its body, if it has one. */
export function preconditionsIn(body: unknown): { uid?: string; resourceVersion?: string } {
  const preconditions = isJsonObject(body) ? body['preconditions'] : undefined;
  if (!isJsonObject(preconditions)) return {};
  const { uid, resourceVersion } = preconditions;
  return {
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
  };
}
