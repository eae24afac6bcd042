import { StreamError } from '@streamhouse/core/errors.ts';

/** Code of a system call's failure, for example `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whether a path names nothing: no such entry, or a file stands where a directory was looked for. */
export function isAbsent(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** What a failed system call means to the caller when it is certain that nothing was written. */
export function directoryError(error: unknown, doing: string): StreamError {
  if (error instanceof StreamError) return error;
  const code = errnoOf(error);
  const options = { cause: error };
  switch (code) {
    case 'EEXIST':
      return new StreamError(
        'alreadyExists',
        'OBJECT_EXISTS',
        `${doing}: the key is taken.`,
        options,
      );
    case 'ENOTDIR':
      return new StreamError(
        'invalid',
        'OBJECT_KEY',
        `${doing}: a shorter key is an object already.`,
        options,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StreamError(
        'unauthorized',
        'OBJECT_STORE_FORBIDDEN',
        forbidden(doing, code),
        options,
      );
    case 'ENOSPC':
    case 'EDQUOT':
      return new StreamError(
        'unavailable',
        'OBJECT_STORE_FULL',
        `${doing}: the disk is full. Free space.`,
        options,
      );
    case undefined:
    default:
      return new StreamError(
        'unavailable',
        'OBJECT_STORE_FAILED',
        `${doing}: ${code ?? String(error)}.`,
        options,
      );
  }
}

function forbidden(doing: string, code: string): string {
  return `${doing}: ${code}. Let the user of this process write to the directory of the object store.`;
}
