/** Manifests of a folder: read and checked, all of them, before anything is started. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AGENT_POOL } from '@streamhouse/api/crd/agent-pool.ts';
import { checkResource } from '@streamhouse/api/crd/check.ts';
import { TOPIC } from '@streamhouse/api/crd/topic.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import type { ResourceType } from '@streamhouse/operator/kube/kube-api.ts';
import { parseAllDocuments } from 'yaml';
import { isJsonObject, type JsonObject } from './resources/json.ts';

export interface Manifest {
  readonly type: ResourceType;
  readonly namespace: string;
  readonly name: string;
  /** As it is applied. */
  readonly body: JsonObject;
}

/** Where a manifest goes that names no namespace, as with `kubectl` and `streamhouse`. */
export const NAMESPACE_DEFAULT = 'default';
export const TOPIC_TYPE: ResourceType = typeOf(TOPIC);
export const AGENT_POOL_TYPE: ResourceType = typeOf(AGENT_POOL);

const TYPES: readonly ResourceType[] = [TOPIC_TYPE, AGENT_POOL_TYPE];
const FILE = /\.(ya?ml|json)$/;

/**
 * The Topics and AgentPools of a folder's .yaml, .yml and .json files, in the order of their names.
 *
 * @throws StreamError `invalid` MANIFESTS_FAULTY with every fault of every document; MANIFESTS_UNREADABLE.
 */
export async function readManifests(folder: string): Promise<readonly Manifest[]> {
  const faults: string[] = [];
  const manifests: Manifest[] = [];
  for (const { name, text } of await readFiles(folder)) {
    for (const { place, value } of documentsOf(name, text, faults)) {
      const manifest = manifestOf(place, value, faults);
      if (manifest !== undefined) manifests.push(manifest);
    }
  }
  if (faults.length > 0) throw new StreamError('invalid', 'MANIFESTS_FAULTY', faults.join('\n'));
  return manifests;
}

/** As in `Topic default/orders`. */
export function titleOf({ type, namespace, name }: Manifest): string {
  return `${type.kind} ${namespace}/${name}`;
}

async function readFiles(
  folder: string,
): Promise<readonly { readonly name: string; readonly text: string }[]> {
  try {
    const names = (await readdir(folder)).filter((name) => FILE.test(name)).toSorted();
    return await Promise.all(
      names.map(async (name) => ({ name, text: await readFile(join(folder, name), 'utf8') })),
    );
  } catch (cause) {
    const message = `the manifests cannot be read: ${(cause as Error).message}; name another folder with --manifests`;
    throw new StreamError('invalid', 'MANIFESTS_UNREADABLE', message, { cause });
  }
}

/** Empty documents are none; those of a List count one by one. */
function* documentsOf(
  name: string,
  text: string,
  faults: string[],
): Generator<{ readonly place: string; readonly value: unknown }> {
  for (const [index, document] of parseAllDocuments(text).entries()) {
    const place = `${name}, document ${index + 1}`;
    const [error] = document.errors;
    if (error !== undefined) {
      faults.push(`${place}: ${error.message.split(/:?\n/, 1)[0]}`);
      continue;
    }
    const value = plainValue(() => document.toJS(), place, faults);
    if (isJsonObject(value) && value['kind'] === 'List' && Array.isArray(value['items'])) {
      for (const [at, item] of value['items'].entries())
        yield { place: `${place}, item ${at + 1}`, value: item };
    } else if (value !== null && value !== undefined) {
      yield { place, value };
    }
  }
}

function plainValue(read: () => unknown, place: string, faults: string[]): unknown {
  try {
    return read();
  } catch (error) {
    // Aliases without end, above all.
    faults.push(`${place}: ${(error as Error).message}`);
    return undefined;
  }
}

function manifestOf(place: string, value: unknown, faults: string[]): Manifest | undefined {
  const body = isJsonObject(value) ? value : {};
  const { apiVersion, kind } = body;
  const type = TYPES.find(
    (known) => known.kind === kind && `${known.group}/${known.version}` === apiVersion,
  );
  if (type === undefined) {
    faults.push(
      `${place}: is neither a Topic nor an AgentPool of ${TOPIC.group}/${TOPIC.version}; move it to another folder`,
    );
    return undefined;
  }
  const problems =
    type === AGENT_POOL_TYPE
      ? checkResource(AGENT_POOL, body, undefined)
      : checkResource(TOPIC, body, undefined);
  for (const { path, message } of problems) faults.push(`${place}: ${path}: ${message}`);
  const metadata = isJsonObject(body['metadata']) ? body['metadata'] : {};
  const { name, namespace = NAMESPACE_DEFAULT } = metadata;
  if (typeof name !== 'string' || typeof namespace !== 'string') {
    faults.push(`${place}: metadata.name and metadata.namespace must be texts`);
    return undefined;
  }
  const { status: _, ...rest } = body;
  return { type, namespace, name, body: { ...rest, metadata: { ...metadata, namespace } } };
}

function typeOf(schema: typeof TOPIC | typeof AGENT_POOL): ResourceType {
  const { group, version, plural, kind } = schema;
  return { group, version, plural, kind, isNamespaced: true };
}
