/**
 * Keys of WAL objects:
 *
 *   {prefix}{cluster}/wal/{hash}/{incarnation}/{sequence}-{attempt}
 *
 * hash         2 hex digits of a hash of incarnation and sequence: spreads the writes of one agent over the store's
 *              partitions, which split by key
 * incarnation  decimal
 * sequence     16 digits: the object's number within its incarnation, from 0
 * attempt      4 digits: from 0; a PUT that is tried again takes the next, so that a key is written at most once and a
 *              PUT that lands late changes nothing (I-07, I-10)
 *
 * The last part has one length, so no key is the beginning of another.
 */
import { StreamError } from '../errors.ts';
import type { Incarnation } from '../ids.ts';
import { incarnation } from '../ids.ts';

const SEQUENCE_DIGITS = 16;
const ATTEMPT_DIGITS = 4;
const ATTEMPT_MAX = 9_999;
const REST = /^([0-9a-f]{2})\/(0|[1-9][0-9]{0,15})\/([0-9]{16})-([0-9]{4})$/;

/** Where a cluster's objects stand in its bucket. */
export interface ObjectRoot {
  /** Empty, or what all keys of this system begin with, its last `/` included. */
  readonly prefix: string;
  /** Lower-case letters, digits and `-`. */
  readonly cluster: string;
}

export interface ObjectName {
  readonly incarnation: Incarnation;
  /** Number of the object within its incarnation, from 0. */
  readonly sequence: number;
  /** 0 for the first PUT of these bytes, one more for each that follows. */
  readonly attempt: number;
}

/** What every WAL object's key begins with. */
export function walPrefix(root: ObjectRoot): string {
  return `${root.prefix}${root.cluster}/wal/`;
}

/** @throws StreamError `internal` OBJECT_KEY when a number does not fit. */
export function objectKey({
  prefix,
  cluster,
  incarnation: life,
  sequence,
  attempt,
}: ObjectRoot & ObjectName): string {
  if (
    !Number.isSafeInteger(sequence) ||
    sequence < 0 ||
    !Number.isInteger(attempt) ||
    attempt < 0 ||
    attempt > ATTEMPT_MAX
  ) {
    throw new StreamError(
      'internal',
      'OBJECT_KEY',
      `no key for sequence ${sequence}, attempt ${attempt}`,
    );
  }
  const last = `${digits(sequence, SEQUENCE_DIGITS)}-${digits(attempt, ATTEMPT_DIGITS)}`;
  return `${walPrefix({ prefix, cluster })}${hashPrefix(life, sequence)}/${life}/${last}`;
}

/** What a key says, or undefined when it is not a key that `objectKey` makes under this root. */
export function parseObjectKey(key: string, root: ObjectRoot): ObjectName | undefined {
  const start = walPrefix(root);
  if (!key.startsWith(start)) return undefined;
  const parts = REST.exec(key.slice(start.length));
  if (parts === null) return undefined;
  const life = Number(parts[2]);
  const sequence = Number(parts[3]);
  if (!Number.isSafeInteger(life) || !Number.isSafeInteger(sequence)) return undefined;
  if (parts[1] !== hashPrefix(life, sequence)) return undefined;
  return { incarnation: incarnation(life), sequence, attempt: Number(parts[4]) };
}

/** Two rounds of a multiplicative hash (constants of splitmix32) over the low 32 bits of both. */
function hashPrefix(life: number, sequence: number): string {
  let hash = Math.imul(life ^ (life >>> 16), 0x21f0aaad) ^ sequence;
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return ((hash >>> 24) & 0xff).toString(16).padStart(2, '0');
}

function digits(value: number, count: number): string {
  return String(value).padStart(count, '0');
}
