/**
 * What one request makes of one object: pure, from the object as it is and what was asked to the object as it will be. The
 * rules are those of an API server's registry: which part a request may change, what only the server assigns, what is checked.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '@streamhouse/api/crd/check.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { Preconditions, Subresource } from '@streamhouse/operator/kube/kube-api.ts';
import type { ApiMetadata, ApiObject } from './api-object.ts';
import { appliedBy, type FieldWriter, updatedBy } from './field-ownership.ts';
import { isJsonObject, type JsonObject, only, without } from './json.ts';
import { mergePatch } from './merge-patch.ts';
import { metadataProblems } from './metadata-rules.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  notFound,
  stale,
  tooLarge,
} from './refusals.ts';
import { apiVersionOf, type ServedKind } from './served-kind.ts';

export interface Request {
  readonly kind: ServedKind;
  readonly namespace: string;
  readonly name: string;
  readonly writer: FieldWriter;
  /** Of the object, should it be new. */
  readonly uid: string;
}

/** The same reference as before: nothing changed. Undefined: the object is gone. */
export type Outcome = ApiObject | undefined;

const GIVEN_BY_USERS = ['labels', 'annotations', 'finalizers', 'ownerReferences', 'managedFields'];

export function created(request: Request, previous: Outcome, body: JsonObject): Outcome {
  checkAddress(request, body);
  const metadata = metadataOf(body);
  if (metadata['resourceVersion'] !== undefined && metadata['resourceVersion'] !== '')
    throw badRequest('resourceVersion should not be set on objects to be created');
  if (previous !== undefined) throw alreadyExists(request.kind, request.name);
  const candidate = request.kind.withDefaults(fresh(request, body));
  return settled(request, undefined, updatedBy(request.writer, undefined, candidate));
}

export function replaced(
  request: Request,
  previous: Outcome,
  body: JsonObject,
  subresource?: Subresource,
): Outcome {
  if (previous === undefined) throw notFound(request.kind, request.name);
  // A Scale names its own kind, not that of what is scaled.
  if (subresource !== 'scale') checkAddress(request, body);
  const { uid, resourceVersion } = metadataOf(body);
  if (typeof resourceVersion !== 'string' || resourceVersion === '') {
    const problem = {
      path: 'metadata.resourceVersion',
      message: 'must be specified for an update',
    };
    throw invalid(request.kind, request.name, [problem]);
  }
  checkPreconditions(request, previous, preconditionsOf({ uid, resourceVersion }));
  return changed(request, previous, body, subresource);
}

export function patched(
  request: Request,
  previous: Outcome,
  patch: JsonObject,
  subresource?: Subresource,
): Outcome {
  if (previous === undefined) throw notFound(request.kind, request.name);
  checkPreconditions(request, previous, preconditionsOf(metadataOf(patch)));
  const target = subresource === 'scale' ? scaleOf(request.kind, previous) : previous;
  const body = mergePatch(target, patch);
  if (!isJsonObject(body)) throw badRequest('the patch leaves no object');
  if (subresource !== 'scale') checkAddress(request, body);
  return changed(request, previous, body, subresource);
}

export function applied(
  request: Request,
  previous: Outcome,
  manifest: JsonObject,
  isForced: boolean,
): Outcome {
  checkAddress(request, manifest);
  const metadata = metadataOf(manifest);
  if (metadata['managedFields'] !== undefined)
    throw badRequest('metadata.managedFields must be nil');
  if (previous === undefined) {
    // Whoever names a version or an identity wants to change that object and no other one.
    if (metadata['resourceVersion'] !== undefined || metadata['uid'] !== undefined)
      throw notFound(request.kind, request.name);
    const base = fresh(request, {});
    return settled(request, undefined, appliedBy(request.writer, base, manifest).object);
  }
  checkPreconditions(request, previous, preconditionsOf(metadata));
  const { object, conflicts } = appliedBy(request.writer, previous, manifest);
  const [first] = conflicts;
  if (first !== undefined && !isForced) {
    const why = `Apply failed with ${conflicts.length} conflict(s): conflicts with "${first.manager}": ${first.field}`;
    const causes = conflicts.map(({ manager, field }) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with "${manager}"`,
      field,
    }));
    throw conflict(request.kind, request.name, why, causes);
  }
  return settled(request, previous, { ...object, ...only(previous, ['status']) });
}

/** With finalizers the object stays, marked, until the last of them is taken away. */
export function deleted(
  request: Request,
  previous: Outcome,
  preconditions: Preconditions,
): Outcome {
  if (previous === undefined) throw notFound(request.kind, request.name);
  checkPreconditions(request, previous, preconditions);
  const { metadata } = previous;
  if ((metadata.finalizers ?? []).length === 0) return undefined;
  if (metadata.deletionTimestamp !== undefined) return previous;
  // As in the API server: the mark is a change that controllers have to observe.
  const generation =
    metadata.generation === undefined ? {} : { generation: metadata.generation + 1 };
  return {
    ...previous,
    metadata: {
      ...metadata,
      ...generation,
      deletionTimestamp: request.writer.time,
      deletionGracePeriodSeconds: 0,
    },
  };
}

/** The Scale of an object, `autoscaling/v1`. */
export function scaleOf(kind: ServedKind, object: ApiObject): JsonObject {
  const spec = isJsonObject(object['spec']) ? object['spec'] : {};
  const status = isJsonObject(object['status']) ? object['status'] : {};
  if (!kind.hasScale) throw badRequest(`${kind.plural} have no scale`);
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: only(object.metadata, [
      'name',
      'namespace',
      'uid',
      'resourceVersion',
      'creationTimestamp',
    ]),
    spec: { replicas: spec['replicas'] ?? 0 },
    status: { replicas: status['replicas'] ?? 0, ...only(status, ['selector']) },
  };
}

/** The part of `previous` that this request may change, taken from `body`. */
function changed(
  request: Request,
  previous: ApiObject,
  body: JsonObject,
  subresource: Subresource | undefined,
): Outcome {
  const { kind, writer } = request;
  switch (subresource) {
    case 'status':
      return settled(request, previous, {
        ...without(previous, ['status']),
        ...only(body, ['status']),
      });
    case 'scale': {
      const spec = isJsonObject(previous['spec']) ? previous['spec'] : {};
      const wish = isJsonObject(body['spec']) ? body['spec']['replicas'] : undefined;
      if (wish === undefined)
        throw invalid(kind, request.name, [{ path: 'spec.replicas', message: 'is required' }]);
      const candidate = { ...previous, spec: { ...spec, replicas: wish } };
      return settled(request, previous, updatedBy(writer, previous, candidate));
    }
    case undefined: {
      const own = kind.hasStatus
        ? { ...without(body, ['status']), ...only(previous, ['status']) }
        : body;
      const candidate = kind.withDefaults(own);
      return settled(request, previous, updatedBy(writer, previous, candidate));
    }
  }
}

/** Gives the candidate what the server assigns, and refuses it when it is not as its kind demands. */
function settled(request: Request, previous: Outcome, candidate: JsonObject): Outcome {
  const { kind, name } = request;
  const complete = kind.withDefaults(candidate);
  const metadata = settledMetadata(request, previous, metadataOf(complete));
  const draft = ordered(kind, complete, metadata);
  if (previous !== undefined && isDeepStrictEqual(draft, previous)) return previous;
  const next = kind.hasStatus ? withGeneration(draft, previous) : draft;
  const problems = problemsOf(kind, next, previous);
  if (problems.length > 0) throw invalid(kind, name, problems);
  if (Buffer.byteLength(JSON.stringify(next)) > LIMITS.resourceBytesMax)
    throw tooLarge(LIMITS.resourceBytesMax);
  const isOver =
    next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0;
  return isOver ? undefined : next;
}

/** What was wrong before and is not touched is let pass, so that a stricter server does not freeze old objects. */
function problemsOf(kind: ServedKind, next: ApiObject, previous: Outcome): readonly Problem[] {
  const known = kind.check(next, previous);
  const further = metadataProblems(next, previous).filter(
    ({ path }) => !known.some((problem) => problem.path === path),
  );
  const problems = [...known, ...further];
  if (problems.length === 0 || previous === undefined) return problems;
  const isSpecSame = isDeepStrictEqual(next['spec'], previous['spec']);
  const before = isSpecSame ? kind.check(previous, previous) : [];
  return problems.filter((problem) => !before.some((each) => isDeepStrictEqual(each, problem)));
}

function settledMetadata(request: Request, previous: Outcome, wanted: JsonObject): ApiMetadata {
  const system: ApiMetadata = without(
    previous?.metadata ?? newMetadata(request),
    GIVEN_BY_USERS,
  ) as ApiMetadata;
  // Empty maps and lists are left out, as in Go's JSON, so that they are no difference.
  const given = Object.entries(only(wanted, GIVEN_BY_USERS)).filter(
    ([, value]) => typeof value !== 'object' || (value !== null && Object.keys(value).length > 0),
  );
  return { ...system, ...Object.fromEntries(given) };
}

function newMetadata({ kind, namespace, name, uid, writer }: Request): ApiMetadata {
  return {
    name,
    namespace,
    uid,
    resourceVersion: '',
    creationTimestamp: writer.time,
    ...(kind.hasStatus ? { generation: 1 } : {}),
  };
}

/** One more when anything but metadata and status changed. */
function withGeneration(next: ApiObject, previous: Outcome): ApiObject {
  if (previous === undefined) return next;
  const ofServer = ['metadata', 'status'];
  if (isDeepStrictEqual(without(next, ofServer), without(previous, ofServer))) return next;
  const generation = (previous.metadata.generation ?? 0) + 1;
  return { ...next, metadata: { ...next.metadata, generation } };
}

/** As people expect to read it. */
function ordered(kind: ServedKind, object: JsonObject, metadata: ApiMetadata): ApiObject {
  return {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata,
    ...without(object, ['apiVersion', 'kind', 'metadata', 'status']),
    ...only(object, ['status']),
  };
}

/** The body of a request as an object that does not exist yet: a status is for controllers to give. */
function fresh(request: Request, body: JsonObject): JsonObject {
  const { kind } = request;
  return {
    ...(kind.hasStatus ? without(body, ['status']) : body),
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
  };
}

function checkAddress({ kind, namespace, name }: Request, body: JsonObject): void {
  const metadata = metadataOf(body);
  const wanted = [
    ['apiVersion', body['apiVersion'], apiVersionOf(kind)],
    ['kind', body['kind'], kind.kind],
    ['metadata.name', metadata['name'], name],
    ['metadata.namespace', metadata['namespace'] ?? namespace, namespace],
  ] as const;
  for (const [field, value, expected] of wanted) {
    if (value !== expected)
      throw badRequest(
        `${field} of the object (${JSON.stringify(value) ?? 'missing'}) does not match the request (${JSON.stringify(expected)})`,
      );
  }
}

function preconditionsOf({ uid, resourceVersion }: JsonObject): Preconditions {
  return {
    ...(typeof uid === 'string' && uid !== '' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' && resourceVersion !== '' ? { resourceVersion } : {}),
  };
}

function checkPreconditions(request: Request, previous: ApiObject, wanted: Preconditions): void {
  const { uid, resourceVersion } = previous.metadata;
  if (wanted.uid !== undefined && wanted.uid !== uid)
    throw conflict(
      request.kind,
      request.name,
      `Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${uid}`,
    );
  if (wanted.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion)
    throw stale(request.kind, request.name);
}

function metadataOf(object: JsonObject): JsonObject {
  const metadata = object['metadata'];
  return isJsonObject(metadata) ? metadata : {};
}
