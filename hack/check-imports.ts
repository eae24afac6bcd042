/**
 * Who may import whom. The table is the architecture: what is not listed is an error. It reads import statements by
 * pattern, because TypeScript 7 has no programming interface to ask (docs/adr/0001-checks-without-a-typescript-api.md).
 */
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { sourceFiles } from './source-files.ts';

type Unit = { readonly folder: string; readonly imports: readonly string[] | 'all' };

/** The packages by the name after `@streamhouse/`; test and hack have none, so nobody can import them. */
const UNITS: Readonly<Record<string, Unit>> = {
  core: { folder: 'packages/core', imports: [] },
  api: { folder: 'packages/api', imports: ['core'] },
  codec: { folder: 'packages/codec', imports: ['core'] },
  store: { folder: 'packages/store', imports: ['core'] },
  client: { folder: 'packages/client', imports: ['core', 'api', 'codec'] },
  cli: { folder: 'packages/cli', imports: ['core', 'client', 'api'] },
  agent: { folder: 'agent', imports: ['core', 'api', 'store', 'codec'] },
  operator: { folder: 'operator', imports: ['core', 'api', 'store', 'client'] },
  standalone: {
    folder: 'packages/standalone',
    imports: ['core', 'api', 'agent', 'operator', 'store', 'codec'],
  },
  console: { folder: 'console', imports: ['api'] },
  test: { folder: 'test', imports: 'all' },
  hack: { folder: 'hack', imports: 'all' },
};

/** Libraries that have a home: the folders, and nothing outside them but tests, that may name them. */
const HOMES: readonly { readonly library: RegExp; readonly folders: readonly string[] }[] = [
  { library: /^pg(-|\/|$)/, folders: ['packages/store/src/metadata/pg/'] },
  { library: /^@(aws-sdk|smithy)\//, folders: ['packages/store/src/objects/'] },
  {
    library: /^@grpc\/grpc-js(\/|$)/,
    folders: ['packages/client/src/', 'agent/src/', 'packages/api/gen/'],
  },
  { library: /^@kubernetes\/client-node(\/|$)/, folders: ['operator/src/kube/'] },
];

/** Tests, what several of them share, and the suites that every adapter of a port passes. */
const TEST_FILE = /(\.test|\.test-support|[./-]conformance)\.ts$/;
/** What the tests beside the code of every package may import, core's included. */
const TEST_LIBRARIES = /^(vitest|fast-check|node:.*)(\/|$)/;

const SPECIFIER =
  /(?:^|[;}\n])[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|(?:^|[;}\n])[ \t]*import\s*['"]([^'"]+)['"]|\b(?:import|require|import\.meta\.resolve)\(\s*['"]([^'"]+)['"]/g;
const COMMENT_OR_STRING =
  /\/\*[\s\S]*?\*\/|(?<![:\\])\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g;

function specifiers(source: string): string[] {
  const code = source.replace(COMMENT_OR_STRING, (text) => (text.startsWith('/') ? '' : text));
  return [...code.matchAll(SPECIFIER)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function unitOf(path: string): string | undefined {
  return Object.keys(UNITS).find((name) => path.startsWith(`${UNITS[name]?.folder}/`));
}

/** The unit that `specifier` reaches from `path`: through a package's name or by climbing out of the folder. */
function targetUnit(path: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return unitOf(normalize(join(dirname(path), specifier)));
  return /^@streamhouse\/([^/]+)/.exec(specifier)?.[1];
}

/** Why `path` may not import `specifier`, or undefined if it may. */
function forbidden(path: string, specifier: string): string | undefined {
  const name = unitOf(path);
  const unit = name === undefined ? undefined : UNITS[name];
  if (name === undefined || unit === undefined || unit.imports === 'all') return undefined;
  const target = targetUnit(path, specifier);
  if (target !== undefined) {
    if (target === name) return undefined;
    if (!unit.imports.includes(target)) return `${name} must not import ${target}`;
    return specifier.startsWith('.') ? 'another package is imported by its name' : undefined;
  }
  if (specifier.startsWith('.')) return 'the import leaves its package';
  const isTest = TEST_FILE.test(path);
  if (isTest && TEST_LIBRARIES.test(specifier)) return undefined;
  if (TEST_LIBRARIES.test(specifier) && !specifier.startsWith('node:'))
    return 'test libraries are for tests';
  if (name === 'core') return 'core imports nothing';
  const home = HOMES.find(({ library }) => library.test(specifier));
  if (home === undefined || home.folders.some((folder) => path.startsWith(folder)))
    return undefined;
  return `this library belongs to ${home.folders.join(' and ')}`;
}

/** One line per import that the table does not allow. */
export function importFindings(root: string): string[] {
  const findings: string[] = [];
  for (const path of sourceFiles(root)) {
    if (!/\.(ts|tsx|mjs)$/.test(path)) continue;
    for (const specifier of specifiers(readFileSync(join(root, path), 'utf8'))) {
      const why = forbidden(path, specifier);
      if (why !== undefined) findings.push(`${path} imports '${specifier}': ${why}`);
    }
  }
  return findings;
}
