/**
 * API keys. A key is `shk_<id>_<secret>`: 72 random bits to find it by, 256 to prove it. The file, which an installation mounts
 * from a Secret, has of each only the HMAC-SHA-256 of the secret:
 *
 *   { "hmacKey": "<base64url of 32 bytes>",
 *     "keys": [{ "id": "…", "name": "ci", "hash": "<hex>", "scopes": ["topics:read"], "expiresAt": "2027-01-01T00:00:00Z" }] }
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { object } from '@streamhouse/api/crd/schema.ts';
import { NOUNS } from '@streamhouse/api/rest/route.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { z } from 'zod';
import type { Principal, Scope } from './principal.ts';

const KEY = /^shk_(?<id>[a-z0-9]{12})_(?<secret>[A-Za-z0-9_-]{43})$/;
const SECRET_BYTES = 32;
const NO_HASH = Buffer.alloc(32);

export const SCOPES: readonly Scope[] = NOUNS.flatMap(
  (noun) => [`${noun}:read`, `${noun}:write`] as const,
);

/** What the file keeps of a key. */
interface KeyEntry {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
  readonly scopes: readonly Scope[];
  /** ISO 8601 in UTC; null: it does not expire. */
  readonly expiresAt: string | null;
}

interface KeyFileContent {
  readonly hmacKey: string;
  readonly keys: readonly KeyEntry[];
}

const FILE = object<KeyFileContent>({
  hmacKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  keys: z
    .array(
      object<KeyEntry>({
        id: z.string().regex(/^[a-z0-9]{12}$/),
        name: z.string().min(1).max(253),
        hash: z.string().regex(/^[0-9a-f]{64}$/),
        scopes: z.array(z.enum(SCOPES)).min(1),
        expiresAt: z.iso.datetime().nullable(),
      }),
    )
    .max(LIMITS.apiKeysMax),
});

/** Whether a token has the form of a key, right or not. */
export function isApiKey(token: string): boolean {
  return token.startsWith('shk_');
}

/** The keys of one state of the file. */
export class ApiKeys {
  readonly #hmacKey: Buffer;
  readonly #entries: ReadonlyMap<string, KeyEntry>;

  /** @throws StreamError `invalid` API_KEYS_FILE saying what is wrong where, without any value. */
  constructor(text: string) {
    const { hmacKey, keys } = parsed(text);
    this.#hmacKey = Buffer.from(hmacKey, 'base64url');
    this.#entries = new Map(keys.map((entry) => [entry.id, entry]));
    if (this.#entries.size < keys.length) throw fault('two keys have one id');
  }

  /** Whose key it is; undefined for one that is unknown, wrong or expired, all in the same time. */
  principal(token: string, nowMs: number): Principal | undefined {
    const { id = '', secret = '' } = KEY.exec(token)?.groups ?? {};
    const entry = this.#entries.get(id);
    const stored = entry === undefined ? NO_HASH : Buffer.from(entry.hash, 'hex');
    const isRight = timingSafeEqual(hashOf(this.#hmacKey, secret), stored);
    if (entry === undefined || !isRight) return undefined;
    if (entry.expiresAt !== null && Date.parse(entry.expiresAt) <= nowMs) return undefined;
    return { kind: 'apiKey', id: `key:${id}`, name: entry.name, scopes: new Set(entry.scopes) };
  }
}

/** A new key, to be shown once, and what the file keeps of it. */
export function newApiKey(
  hmacKey: string,
  of: Pick<KeyEntry, 'name' | 'scopes' | 'expiresAt'>,
): { readonly key: string; readonly entry: KeyEntry } {
  const id = Array.from(randomBytes(12), (byte) => (byte % 36).toString(36)).join('');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const hash = hashOf(Buffer.from(hmacKey, 'base64url'), secret).toString('hex');
  return { key: `shk_${id}_${secret}`, entry: { id, hash, ...of } };
}

function hashOf(hmacKey: Buffer, secret: string): Buffer {
  return createHmac('sha256', hmacKey).update(secret).digest();
}

function parsed(text: string): KeyFileContent {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw fault('it is not JSON');
  }
  const result = FILE.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw fault(`${issue?.path.join('.') ?? ''} is not as it has to be`);
}

function fault(why: string): StreamError {
  return new StreamError('invalid', 'API_KEYS_FILE', `the file of API keys cannot be used: ${why}`);
}
