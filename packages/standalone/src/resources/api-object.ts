import type { JsonObject } from './json.ts';

/** Any object as an API server keeps it. */
export interface ApiObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ApiMetadata;
}

export interface ApiMetadata extends JsonObject {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** Decimal digits of a number that only grows. */
  readonly resourceVersion: string;
  /** RFC 3339, whole seconds. */
  readonly creationTimestamp: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
}

export function versionOf(object: ApiObject): number {
  return Number(object.metadata.resourceVersion);
}
