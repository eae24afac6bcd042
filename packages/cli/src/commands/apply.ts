import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { collectText } from '../options.ts';
import { renderValue } from '../output/format.ts';
import { type ApiClient, type Fields, isFields } from '../resources/api-client.ts';
import { fullName } from '../resources/kinds.ts';
import { type Manifest, readManifests } from '../resources/manifests.ts';
import { apiClient, type ResourceOptions, withResourceOptions } from '../resources/options.ts';
import { outputOption } from './global.ts';

interface ApplyOptions extends ResourceOptions {
  readonly filename: readonly string[];
}

const EXAMPLES = `
Every document is checked before the first is sent. What a manifest no longer names goes back to its default.

Examples:
  streamhouse apply -f topic.yaml
  streamhouse apply -f manifests/ -n shop
  streamhouse get topics -o yaml | streamhouse apply -f - --server http://127.0.0.1:8001`;

export function addApplyCommand(program: Command, context: CliContext): void {
  withResourceOptions(program.command('apply'), context)
    .description('make resources as their manifests say')
    .requiredOption(
      '-f, --filename <path>',
      'a file, a folder, or - for the standard input; may be given more than once',
      collectText,
    )
    .addHelpText('after', EXAMPLES)
    .action((options: ApplyOptions, command: Command) => apply(options, command, context));
}

async function apply(options: ApplyOptions, command: Command, context: CliContext): Promise<void> {
  const api = apiClient(options, context);
  const manifests = await readManifests(options.filename, options.namespace, context);
  const format = outputOption(command) ?? 'table';
  const results: object[] = [];
  for (const manifest of manifests) {
    const result = await applyOne(api, manifest);
    const { namespace } = manifest;
    results.push({ resource: fullName(manifest), namespace, result });
    if (format === 'table') await context.stdout.writeText(`${fullName(manifest)} ${result}\n`);
  }
  if (format !== 'table') await context.stdout.writeText(renderValue(format, results));
}

async function applyOne(
  api: ApiClient,
  manifest: Manifest,
): Promise<'created' | 'configured' | 'unchanged'> {
  const { namespace, body } = manifest;
  const before = await api.get(manifest, namespace);
  const { status, body: after } = await api.apply(manifest, namespace, body);
  if (status === 201) return 'created';
  const isSame = before !== undefined && isDeepStrictEqual(ofUser(before), ofUser(after));
  return isSame ? 'unchanged' : 'configured';
}

/** What a user can see that an apply changed: not who manages which field, nor what a controller wrote meanwhile. */
function ofUser(object: Fields): Fields {
  const { metadata, status: _, ...rest } = object;
  const { labels, annotations } = isFields(metadata) ? metadata : {};
  return { ...rest, labels, annotations };
}
