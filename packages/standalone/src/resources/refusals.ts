/** The errors of an API server, with the words that people and programs know from there. */
import type { Problem } from '@streamhouse/api/crd/check.ts';
import {
  type KubeError,
  type StatusCause,
  statusError,
} from '@streamhouse/operator/kube/kube-api.ts';
import { resourceName, type ServedKind } from './served-kind.ts';

type Named = Pick<ServedKind, 'plural' | 'group'>;

/** Milliseconds after which a server that is busy may be asked again. */
const RETRY_AFTER_MS = 1_000;

export function badRequest(message: string): KubeError {
  return statusError(400, { reason: 'BadRequest', message });
}

export function forbidden(message: string): KubeError {
  return statusError(403, { reason: 'Forbidden', message });
}

/** There is no such path. */
export function unknownPath(): KubeError {
  const message = 'the server could not find the requested resource';
  return statusError(404, { reason: 'NotFound', message });
}

export function notFound(kind: Named, name: string): KubeError {
  const message = `${resourceName(kind)} "${name}" not found`;
  return statusError(404, { reason: 'NotFound', message });
}

export function methodNotAllowed(method: string): KubeError {
  const message = `${method} is not allowed here`;
  return statusError(405, { reason: 'MethodNotAllowed', message });
}

export function alreadyExists(kind: Named, name: string): KubeError {
  const message = `${resourceName(kind)} "${name}" already exists`;
  return statusError(409, { reason: 'AlreadyExists', message });
}

/** Somebody else wrote since the caller read. */
export function stale(kind: Named, name: string): KubeError {
  const why =
    'the object has been modified; please apply your changes to the latest version and try again';
  return conflict(kind, name, why);
}

export function conflict(
  kind: Named,
  name: string,
  why: string,
  causes: readonly StatusCause[] = [],
): KubeError {
  const message = `Operation cannot be fulfilled on ${resourceName(kind)} "${name}": ${why}`;
  return statusError(409, { reason: 'Conflict', message, details: { causes } });
}

/** What lies so far back is forgotten: list again. */
export function expired(message: string): KubeError {
  return statusError(410, { reason: 'Expired', message });
}

export function tooLarge(bytesMax: number): KubeError {
  const message = `the object is too large: at most ${bytesMax} bytes`;
  return statusError(413, { reason: 'RequestEntityTooLarge', message });
}

export function unsupportedMediaType(supported: readonly string[]): KubeError {
  const message = `the body of the request must be of type ${supported.join(' or ')}`;
  return statusError(415, { reason: 'UnsupportedMediaType', message });
}

export function invalid(
  kind: Pick<ServedKind, 'kind' | 'group'>,
  name: string,
  problems: readonly Problem[],
): KubeError {
  const texts = problems.map(({ path, message }) => `${path}: ${message}`);
  const list = texts.length === 1 ? texts.join('') : `[${texts.join(', ')}]`;
  return statusError(422, {
    reason: 'Invalid',
    message: `${kind.kind}.${kind.group} "${name}" is invalid: ${list}`,
    details: {
      causes: problems.map(({ path, message }) => ({
        reason: 'FieldValueInvalid',
        field: path,
        message,
      })),
    },
  });
}

export function tooManyRequests(what: string): KubeError {
  const message = `${what}, please try again later`;
  return statusError(429, { reason: 'TooManyRequests', message }, RETRY_AFTER_MS);
}

/** The version lies in the future: another server gave it, or the home was replaced by an older one. */
export function versionTooLarge(version: number, current: number): KubeError {
  const message = `Too large resource version: ${version}, current: ${current}`;
  const causes = [{ reason: 'ResourceVersionTooLarge', message, field: '' }];
  return statusError(504, { reason: 'Timeout', message, details: { causes } }, RETRY_AFTER_MS);
}

export function internalError(message: string): KubeError {
  return statusError(500, { reason: 'InternalError', message });
}

export function unavailable(message: string): KubeError {
  return statusError(503, { reason: 'ServiceUnavailable', message }, RETRY_AFTER_MS);
}
