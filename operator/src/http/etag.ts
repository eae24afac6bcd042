import { hash } from 'node:crypto';
import { StreamError } from '@streamhouse/core/errors.ts';

/** `"version.content"` or `"content"`: of the whole answer, and before the dot of what `If-Match` compares. */
export function etagOf(body: string, version: string | undefined): string {
  const content = hash('sha1', body, 'base64url');
  return version === undefined ? `"${content}"` : `"${version}.${content}"`;
}

/** Whether `If-None-Match` has this tag. */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  return (
    ifNoneMatch !== undefined && (ifNoneMatch.trim() === '*' || tags(ifNoneMatch).includes(etag))
  );
}

/** @throws StreamError `conflict` PRECONDITION_FAILED when `If-Match` has another version. */
export function checkVersion(ifMatch: string | undefined, version: string): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  if (tags(ifMatch).some((tag) => tag.slice(1).split('.', 1)[0] === version)) return;
  const message = 'it was changed since it was read: read it again';
  throw new StreamError('conflict', 'PRECONDITION_FAILED', message);
}

/** Stands for a state. */
export function versionOf(state: unknown): string {
  return hash('sha1', JSON.stringify(state), 'base64url').slice(0, 16);
}

function tags(header: string): string[] {
  return header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
}
