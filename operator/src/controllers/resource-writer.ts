import { isDeepStrictEqual } from 'node:util';
import type { KubeApi, KubeObject, ResourceType } from '../kube/kube-api.ts';
import { Slots } from '../kube/slots.ts';

export interface Kept extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly finalizers?: readonly string[] };
  readonly status?: object;
}

/**
 * Gives a resource or takes from it one finalizer, and sets its status; what it has already is not written. Each write names
 * the resourceVersion that was read: a resource that changed meanwhile is read again first, and what an operator that was
 * suspended sends late is refused.
 *
 * @returns the resource as it is then.
 * @throws KubeError; `conflict` when it changed.
 */
export class ResourceWriter<T extends Kept> {
  readonly #kube: KubeApi;
  readonly #type: ResourceType;
  readonly #slots: Slots;

  /** `writesMax` are under way at a time. */
  constructor(kube: KubeApi, type: ResourceType, writesMax: number) {
    this.#kube = kube;
    this.#type = type;
    this.#slots = new Slots(writesMax);
  }

  async setFinalizer(
    resource: T,
    finalizer: string,
    isWanted: boolean,
    signal: AbortSignal,
  ): Promise<T> {
    const finalizers = resource.metadata.finalizers ?? [];
    if (finalizers.includes(finalizer) === isWanted) return resource;
    const others = finalizers.filter((other) => other !== finalizer);
    const next = isWanted ? [...others, finalizer] : others;
    return await this.#patch(resource, { finalizers: next }, undefined, signal);
  }

  async setStatus(resource: T, status: object, signal: AbortSignal): Promise<T> {
    const before = fieldsOf(resource.status);
    const after = fieldsOf(status);
    if (isDeepStrictEqual(before, after)) return resource;
    const gone = Object.keys(before).filter((field) => !Object.hasOwn(after, field));
    const patch = { ...after, ...Object.fromEntries(gone.map((field) => [field, null])) };
    return await this.#patch(resource, {}, patch, signal);
  }

  async #patch(
    resource: T,
    metadata: object,
    status: object | undefined,
    signal: AbortSignal,
  ): Promise<T> {
    const { namespace, name, uid, resourceVersion } = resource.metadata;
    const ref = namespace === undefined ? { name } : { namespace, name };
    const identity = { uid, resourceVersion };
    const body = { metadata: { ...identity, ...metadata }, ...(status && { status }) };
    const options = status === undefined ? {} : { subresource: 'status' as const };
    return await this.#slots.run(() =>
      this.#kube.mergePatch<T>(this.#type, ref, body, options, signal),
    );
  }
}

/** Without what is undefined: JSON has no such thing. */
function fieldsOf(status: object | undefined): Readonly<Record<string, unknown>> {
  const fields = Object.entries(status ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(fields);
}
