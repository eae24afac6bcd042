/** Manifests of files: read and checked, all of them, before anything is sent. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { checkResource } from '@streamhouse/api/crd/check.ts';
import { AGENT_POOL } from '@streamhouse/api/crd/agent-pool.ts';
import { TOPIC } from '@streamhouse/api/crd/topic.ts';
import { parseAllDocuments } from 'yaml';
import type { CliContext } from '../context.ts';
import { CommandError, EXIT } from '../exit-code.ts';
import { type Fields, isFields } from './api-client.ts';
import { fullName, type Target } from './kinds.ts';

export interface Manifest extends Target {
  readonly namespace: string;
  /** As it is sent: without what only the server assigns. */
  readonly body: Fields;
}

interface Source {
  readonly name: string;
  readonly text: string;
}

interface Document {
  /** As in `topics.yaml, document 2`. */
  readonly place: string;
  readonly value: unknown;
}

const BYTES_MAX = 16_777_216;
const FILE = /\.(ya?ml|json)$/;
const FAULTS_SHOWN_MAX = 10;
/** What is in the output of `get -o yaml` and nobody means to set. */
const OF_SERVER = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
];

/**
 * The resources of files, folders (their .yaml, .yml and .json files, in the order of their names) and `-`, the standard input.
 *
 * @throws CommandError with every fault of every document; what is not there or cannot be read.
 */
export async function readManifests(
  paths: readonly string[],
  namespace: string | undefined,
  context: CliContext,
): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  const faults: string[] = [];
  for (const path of paths) {
    for (const source of await sourcesOf(path, context)) {
      for (const document of documentsOf(source, faults)) {
        const manifest = manifestOf(document, namespace, faults);
        if (manifest !== undefined) manifests.push(manifest);
      }
    }
  }
  if (faults.length > 0) {
    const shown = faults.slice(0, FAULTS_SHOWN_MAX).join(' | ');
    const more =
      faults.length > FAULTS_SHOWN_MAX ? ` | and ${faults.length - FAULTS_SHOWN_MAX} more` : '';
    throw new CommandError(
      EXIT.usage,
      `${shown}${more}; nothing was sent: correct it and try again`,
    );
  }
  if (manifests.length === 0)
    throw new CommandError(EXIT.usage, `${paths.join(', ')} has no resource; name another file`);
  return manifests;
}

async function sourcesOf(path: string, context: CliContext): Promise<Source[]> {
  try {
    if (path === '-')
      return [{ name: 'standard input', text: textOf(await buffer(context.stdin)) }];
    const isFolder = (await stat(path)).isDirectory();
    const names = isFolder
      ? (await readdir(path)).filter((name) => FILE.test(name)).toSorted()
      : [''];
    return await Promise.all(
      names.map(async (name) => {
        const file = join(path, name);
        const options = { signal: context.interrupted };
        return { name: file, text: textOf(await readFile(file, options)) };
      }),
    );
  } catch (error) {
    context.interrupted.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.failed, `cannot read the manifests: ${reason}; check the path`);
  }
}

function textOf(bytes: Buffer): string {
  if (bytes.length > BYTES_MAX) throw new Error(`more than ${BYTES_MAX} bytes`);
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

/** Empty documents are none; those of a List count one by one. */
function* documentsOf({ name, text }: Source, faults: string[]): Generator<Document> {
  for (const [index, parsed] of parseAllDocuments(text).entries()) {
    const place = `${name}, document ${index + 1}`;
    const [error] = parsed.errors;
    if (error !== undefined) {
      faults.push(`${place}: ${error.message.split(/:?\n/, 1)[0]}`);
      continue;
    }
    const value = plainValue(parsed, place, faults);
    if (isFields(value) && value['kind'] === 'List' && Array.isArray(value['items'])) {
      for (const [at, item] of value['items'].entries())
        yield { place: `${place}, item ${at + 1}`, value: item };
    } else if (value !== null && value !== undefined) {
      yield { place, value };
    }
  }
}

/** The document as JSON has it. */
function plainValue(document: { toJS(): unknown }, place: string, faults: string[]): unknown {
  try {
    return JSON.parse(JSON.stringify(document.toJS()) ?? 'null');
  } catch (error) {
    // Aliases without end, above all.
    faults.push(`${place}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function manifestOf(
  { place, value }: Document,
  namespace: string | undefined,
  faults: string[],
): Manifest | undefined {
  if (!isFields(value)) {
    faults.push(`${place}: is not a resource`);
    return undefined;
  }
  const schema = [TOPIC, AGENT_POOL].find(
    ({ kind, group, version }) =>
      value['kind'] === kind && value['apiVersion'] === `${group}/${version}`,
  );
  if (schema === undefined) {
    const { kind = 'none', apiVersion = 'none' } = value;
    faults.push(
      `${place}: kind ${shown(kind)} of apiVersion ${shown(apiVersion)} is not known here, only Topic and AgentPool of ${TOPIC.group}/${TOPIC.version}`,
    );
    return undefined;
  }
  const metadata = isFields(value['metadata']) ? value['metadata'] : {};
  const target = { kind: schema, name: shown(metadata['name']) };
  const own = metadata['namespace'] ?? namespace ?? 'default';
  if (typeof own !== 'string' || (namespace !== undefined && own !== namespace))
    faults.push(`${place}: its namespace ${shown(own)} is not that of --namespace, ${namespace}`);
  const given = Object.entries(metadata).filter(([name]) => !OF_SERVER.includes(name));
  const { status: _, ...rest } = value;
  const body = { ...rest, metadata: { ...Object.fromEntries(given), namespace: own } };
  const problems =
    schema === TOPIC
      ? checkResource(TOPIC, body, undefined)
      : checkResource(AGENT_POOL, body, undefined);
  for (const problem of problems)
    faults.push(`${place} (${fullName(target)}): ${problem.path}: ${problem.message}`);
  return { ...target, namespace: shown(own), body };
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none');
}
