/**
 * Manifests that are applied when a cluster starts. Each is applied when it is new or its text says something else than when it
 * was applied last; else it is left alone: what was scaled, changed or deleted since then stays scaled, changed or deleted.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { StreamError } from '@streamhouse/core/errors.ts';
import { KubeError, type KubeApi, type KubeObject } from '@streamhouse/operator/kube/kube-api.ts';
import { specHash } from '@streamhouse/operator/plan/spec-hash.ts';
import { type Manifest, titleOf } from './manifests.ts';
import { isJsonObject } from './resources/json.ts';

/** The name under which `streamhouse apply` writes: what both apply belongs to one manager, so that fields can go again. */
const FIELD_MANAGER = 'streamhouse-cli';

export interface ManifestLedger {
  readonly kube: KubeApi;
  /** Absolute path of the file that says what was applied. */
  readonly file: string;
  readonly log: (line: string) => void;
}

/**
 * Applies those that changed. One that is refused, such as a topic with fewer partitions than it has, is told and tried again
 * at the next start; the others are applied nevertheless.
 *
 * @throws StreamError `corrupt` MANIFEST_LEDGER; KubeError that is no refusal.
 */
export async function applyChanged(
  manifests: readonly Manifest[],
  { kube, file, log }: ManifestLedger,
  signal: AbortSignal,
): Promise<void> {
  const applied = await readLedger(file);
  for (const manifest of manifests) {
    const [title, hash] = [titleOf(manifest), specHash(manifest.body)];
    if (applied.get(title) === hash) continue;
    const refusal = await applyOne(kube, manifest, signal);
    if (refusal === undefined) applied.set(title, hash);
    log(refusal === undefined ? `${title} is applied` : `${title} is refused: ${refusal}`);
  }
  await writeFile(`${file}.draft`, JSON.stringify(Object.fromEntries(applied), undefined, 2));
  await rename(`${file}.draft`, file);
}

/** Resolves why it was refused. */
async function applyOne(
  kube: KubeApi,
  { type, namespace, name, body }: Manifest,
  signal: AbortSignal,
): Promise<string | undefined> {
  const object: KubeObject = {
    ...body,
    metadata: { namespace, name, ...(body['metadata'] as object) },
  };
  try {
    await kube.apply(type, object, { fieldManager: FIELD_MANAGER, force: true }, signal);
    return undefined;
  } catch (error) {
    if (error instanceof KubeError && error.kind === 'invalid') return error.message;
    throw error;
  }
}

async function readLedger(file: string): Promise<Map<string, unknown>> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  const ledger = parsed(text);
  if (isJsonObject(ledger)) return new Map(Object.entries(ledger));
  const message = `${file} is damaged; without it every manifest is applied again, so remove it if that is what you want`;
  throw new StreamError('corrupt', 'MANIFEST_LEDGER', message);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
