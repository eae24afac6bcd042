/** What the metadata of any object must be, as API servers have it. */
import type { Problem } from '@streamhouse/api/crd/check.ts';
import type { ApiObject } from './api-object.ts';
import { isJsonObject, type JsonObject } from './json.ts';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const SUBDOMAIN_CHARS_MAX = 253;
const LABEL_CHARS_MAX = 63;
const ANNOTATIONS_BYTES_MAX = 262_144;

function isNamespaceName(text: string): boolean {
  return text.length <= LABEL_CHARS_MAX && DNS_LABEL.test(text);
}

function isSubdomain(text: string): boolean {
  return text.length <= SUBDOMAIN_CHARS_MAX && SUBDOMAIN.test(text);
}

/** Problems of `next`, and of what it changes in `previous`. */
export function metadataProblems(
  next: ApiObject,
  previous: ApiObject | undefined,
): readonly Problem[] {
  const { name, namespace, labels, annotations } = next.metadata as JsonObject;
  const problems: Problem[] = [];
  if (typeof name !== 'string' || !isSubdomain(name))
    problems.push({
      path: 'metadata.name',
      message: 'must be lower case letters, digits, "-" and ".", at most 253 characters',
    });
  if (typeof namespace !== 'string' || !isNamespaceName(namespace))
    problems.push({
      path: 'metadata.namespace',
      message: 'must be lower case letters, digits and "-", at most 63 characters',
    });
  return [
    ...problems,
    ...mapProblems('metadata.labels', labels, isLabelValue),
    ...mapProblems('metadata.annotations', annotations, () => true),
    ...finalizerProblems(next, previous),
  ];
}

function isLabelValue(value: string): boolean {
  return value.length <= LABEL_CHARS_MAX && LABEL_VALUE.test(value);
}

function mapProblems(path: string, map: unknown, isValue: (value: string) => boolean): Problem[] {
  if (map === undefined) return [];
  if (!isJsonObject(map)) return [{ path, message: 'must be a map of texts' }];
  const problems: Problem[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(map)) {
    if (!isQualifiedName(key))
      problems.push({ path, message: `${JSON.stringify(key)} is no name, such as example.com/x` });
    if (typeof value !== 'string' || !isValue(value))
      problems.push({ path, message: `the value of ${JSON.stringify(key)} is not allowed` });
    bytes += Buffer.byteLength(key) + Buffer.byteLength(String(value));
  }
  if (bytes > ANNOTATIONS_BYTES_MAX)
    problems.push({ path, message: `must have at most ${ANNOTATIONS_BYTES_MAX} bytes` });
  return problems;
}

function finalizerProblems(next: ApiObject, previous: ApiObject | undefined): Problem[] {
  const path = 'metadata.finalizers';
  const finalizers: unknown = next.metadata.finalizers;
  if (finalizers === undefined) return [];
  const isList = Array.isArray(finalizers) && finalizers.every((each) => typeof each === 'string');
  if (!isList) return [{ path, message: 'must be a list of texts' }];
  const problems: Problem[] = finalizers
    .filter((each: string) => !each.includes('/') || !isQualifiedName(each))
    .map((each: string) => ({ path, message: `${JSON.stringify(each)} must be domain/name` }));
  const before = previous?.metadata.finalizers ?? [];
  const added = finalizers.filter((each: string) => !before.includes(each));
  if (next.metadata.deletionTimestamp !== undefined && added.length > 0)
    problems.push({
      path,
      message: `no new finalizers can be added while the object is being deleted: ${added.join(', ')}`,
    });
  return problems;
}

/** `name` or `domain/name`. */
function isQualifiedName(text: string): boolean {
  const slash = text.indexOf('/');
  const name = text.slice(slash + 1);
  const isName = name.length <= LABEL_CHARS_MAX && QUALIFIED.test(name);
  return isName && (slash === -1 || isSubdomain(text.slice(0, slash)));
}
