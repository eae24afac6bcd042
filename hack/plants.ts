/** One violation of every gate, and of every rule within it, for hack/check-gates.ts to plant in a copy of the tree. */

export type Plant = {
  readonly gate: string;
  /** What the gate must say of `path`: a rule's name or a part of the message. */
  readonly says: string;
  readonly path: string;
  /** The text to write, or what becomes of the text that is there. */
  readonly text: string | ((text: string) => string);
};

const CORE = 'packages/core/src/planted';
const AGENT = 'agent/src/planted';

function lint(says: string, path: string, text: string): Plant {
  return { gate: 'lint', says, path, text: `${text}\n` };
}

const PROMISES: readonly Plant[] = [
  lint(
    'no-floating-promises',
    `${CORE}/floating.ts`,
    'async function work(): Promise<void> {}\nexport function start(): void {\n  work();\n}',
  ),
  lint(
    'no-misused-promises',
    `${CORE}/misused.ts`,
    'export function each(list: number[]): void {\n  list.forEach(async () => {});\n}',
  ),
  lint(
    'await-thenable',
    `${CORE}/thenable.ts`,
    'export async function wait(): Promise<number> {\n  return await 1;\n}',
  ),
];

const SHAPE: readonly Plant[] = [
  lint('max-lines', `${CORE}/long-file.ts`, 'export {};\n'.repeat(501)),
  lint(
    'max-lines-per-function',
    `${CORE}/long-function.ts`,
    `export function long(list: number[]): void {\n${'  list.push(1);\n'.repeat(70)}}`,
  ),
  lint('no-default-export', `${CORE}/default.ts`, 'export default 1;'),
  lint('no-barrel-file', `${CORE}/barrel.ts`, "export * from '../errors.ts';"),
  lint(
    'no-cycle',
    `${CORE}/cycle-a.ts`,
    "import { b } from './cycle-b.ts';\nexport const a = (): number => b();",
  ),
  lint(
    'no-cycle',
    `${CORE}/cycle-b.ts`,
    "import { a } from './cycle-a.ts';\nexport const b = (): number => a();",
  ),
  lint(
    'no-self-import',
    `${CORE}/self.ts`,
    "import { one } from './self.ts';\nexport const one = 1;\nexport const two = one;",
  ),
];

const TYPES: readonly Plant[] = [
  lint(
    'no-explicit-any',
    `${CORE}/any.ts`,
    'export function take(value: any): void {\n  value();\n}',
  ),
  lint(
    'no-non-null-assertion',
    `${CORE}/assertion.ts`,
    'export const first = (list: number[]): number => list[0]!;',
  ),
  lint(
    'switch-exhaustiveness-check',
    `${CORE}/switch.ts`,
    "export function name(side: 'left' | 'right'): string {\n  switch (side) {\n    case 'left':\n      return 'l';\n    default:\n      return 'r';\n  }\n}",
  ),
  lint(
    'eqeqeq',
    `${CORE}/equal.ts`,
    'export const same = (a: unknown, b: unknown): boolean => a == b;',
  ),
  lint('no-var', `${CORE}/var.ts`, 'export var one = 1;'),
  lint(
    'prefer-const',
    `${CORE}/let.ts`,
    'export function one(): number {\n  let n = 1;\n  return n;\n}',
  ),
  lint(
    'Unused',
    `${CORE}/directive.ts`,
    '// oxlint-disable-next-line no-var\nexport const one = 1;',
  ),
];

const WORLD: readonly Plant[] = [
  lint('no-process-env', `${AGENT}/env.ts`, 'export const home = process.env["HOME"];'),
  lint(
    'no-restricted-globals',
    `${AGENT}/timer.ts`,
    'export const later = (): unknown => setTimeout(() => {}, 1);',
  ),
  lint('no-restricted-globals', `${CORE}/buffer.ts`, "export const bytes = Buffer.from('a');"),
  lint(
    'no-restricted-properties',
    `${CORE}/now.ts`,
    'export const now = (): number => Date.now();',
  ),
  lint(
    'no-restricted-properties',
    `${CORE}/random.ts`,
    'export const draw = (): number => Math.random();',
  ),
];

const TESTS: readonly Plant[] = [
  lint(
    'no-focused-tests',
    `${CORE}/focused.test.ts`,
    "import { expect, it } from 'vitest';\nit.only('holds', () => {\n  expect(1).toBe(1);\n});",
  ),
  lint(
    'no-disabled-tests',
    `${CORE}/disabled.test.ts`,
    "import { expect, it } from 'vitest';\nit.skip('holds', () => {\n  expect(1).toBe(1);\n});",
  ),
  lint(
    'expect-expect',
    `${CORE}/idle.test.ts`,
    "import { it } from 'vitest';\nit('holds', () => {});",
  ),
];

function imports(says: string, path: string, specifier: string): Plant {
  return { gate: 'imports', says, path, text: `import type {} from '${specifier}';\n` };
}

const IMPORTS: readonly Plant[] = [
  imports('core must not import store', `${CORE}/a.ts`, '@streamhouse/store/objects/port.ts'),
  imports('core imports nothing', `${CORE}/b.ts`, 'node:fs'),
  imports('core must not import api', `${CORE}/c.test.ts`, '@streamhouse/api/status.ts'),
  imports(
    'codec must not import store',
    'packages/codec/src/planted.ts',
    '@streamhouse/store/a.ts',
  ),
  imports(
    'store must not import codec',
    'packages/store/src/planted.ts',
    '@streamhouse/codec/a.ts',
  ),
  imports(
    'api must not import client',
    'packages/api/src/planted.ts',
    '@streamhouse/client/mod.ts',
  ),
  imports(
    'client must not import store',
    'packages/client/src/planted.ts',
    '@streamhouse/store/a.ts',
  ),
  imports('cli must not import codec', 'packages/cli/src/planted.ts', '@streamhouse/codec/a.ts'),
  imports('agent must not import operator', `${AGENT}/a.ts`, '@streamhouse/operator/a.ts'),
  imports('agent must not import hack', `${AGENT}/b.ts`, '../../../hack/gates.ts'),
  imports('agent must not import test', `${AGENT}/c.ts`, '../../../test/harness/a.ts'),
  imports(
    'standalone must not import client',
    'packages/standalone/src/planted.ts',
    '@streamhouse/client/mod.ts',
  ),
  imports('imported by its name', `${AGENT}/d.ts`, '../../../packages/core/src/ids.ts'),
  imports('leaves its package', `${AGENT}/e.ts`, '../../../elsewhere.ts'),
  imports('test libraries are for tests', `${AGENT}/f.ts`, 'vitest'),
  imports('belongs to packages/store/src/metadata/pg/', `${AGENT}/g.ts`, 'pg'),
  imports('belongs to packages/store/src/objects/', `${AGENT}/h.ts`, '@aws-sdk/client-s3'),
  imports('belongs to packages/client/src/', 'packages/store/src/planted-b.ts', '@grpc/grpc-js'),
  {
    gate: 'imports',
    says: 'store must not import codec',
    path: 'packages/store/src/planted-c.ts',
    text: "export const load = () => import('@streamhouse/codec/a.ts'); // late\n",
  },
];

function tree(says: string, path: string, text: Plant['text']): Plant {
  return { gate: 'tree', says, path, text };
}

// In parts, so that the gate does not find them here.
const TREE: readonly Plant[] = [
  tree("somebody's machine", `${CORE}/path.ts`, `// see /${'work'}/main\n`),
  tree("somebody's machine", `${CORE}/home.ts`, `// see /${'home'}/ada/log\n`),
  tree('to do something later', `${CORE}/later.ts`, `// ${'TO'}${'DO'}: later\n`),
  tree('singled out or left out', `${CORE}/only.test.ts`, "it.only('holds');\n"),
  tree('singled out or left out', `${CORE}/skip.test.ts`, "describe.skip('holds');\n"),
  tree('unresolved merge', `${CORE}/merge.ts`, `${'<'.repeat(7)} ours\n`),
  tree('carriage return', `${CORE}/return.ts`, 'export {};\r\n'),
  tree('no end of line', `${CORE}/end.ts`, 'export {};'),
  tree('the root holds only', 'DESIGN.md', '# Design\n'),
  tree('status report', 'docs/migration-status.md', '# Done\n'),
  tree("a registry's address", '.npmrc', (text) => `${text}registry=https://example.org/\n`),
  tree("a registry's address", 'package-lock.json', (text) =>
    text.replace('"version"', '"resolved": "https://example.org/a.tgz",\n  "version"'),
  ),
];

const OTHERS: readonly Plant[] = [
  {
    gate: 'types-console',
    says: 'TS2322',
    path: 'console/src/planted.tsx',
    text: 'export const width: number = <p>wide</p>;\n',
  },
  {
    gate: 'types',
    says: 'TS2322',
    path: `${CORE}/type.ts`,
    text: "export const n: number = 'a';\n",
  },
  {
    gate: 'types',
    says: 'TS1294',
    path: `${CORE}/enum.ts`,
    text: 'export enum Side {\n  Left,\n}\n',
  },
  { gate: 'format', says: '', path: `${CORE}/format.ts`, text: 'export const text = "double"\n' },
  { gate: 'unused', says: 'lonely', path: `${CORE}/unused.ts`, text: 'export const lonely = 1;\n' },
  { gate: 'unused', says: 'left-pad', path: `${CORE}/unlisted.ts`, text: "import 'left-pad';\n" },
  {
    gate: 'unused',
    says: 'right-pad',
    path: 'packages/core/package.json',
    text: (text) => text.replace('"dependencies": {', '"dependencies": { "right-pad": "1.0.0"'),
  },
  {
    gate: 'lockfile',
    says: 'lacks @biomejs/cli-darwin-arm64',
    path: 'package-lock.json',
    text: (text) => text.replace('"node_modules/@biomejs/cli-darwin-arm64"', '"elsewhere"'),
  },
  {
    gate: 'lockfile',
    says: 'is not what package-lock.json was made from',
    path: 'packages/core/package.json',
    text: (text) => text.replace('"dependencies": {', '"dependencies": { "right-pad": "1.0.0"'),
  },
  {
    gate: 'generated',
    says: 'is out of date',
    path: 'packages/api/gen/descriptor.ts',
    text: (text) => `${text}// by hand\n`,
  },
  {
    gate: 'generated',
    says: 'is out of date',
    path: 'packages/api/gen/streamhouse/v1/Planted.ts',
    text: 'export {};\n',
  },
  {
    gate: 'generated',
    says: 'is out of date',
    path: 'crds/streamhouse.io_topics.yaml',
    text: (text) => text.replace('maximum: 10000', 'maximum: 20000'),
  },
  {
    gate: 'generated',
    says: 'is out of date',
    path: 'helm/streamhouse/templates/crds/streamhouse.io_topics.yaml',
    text: (text) => text.replace('helm.sh/resource-policy: keep', 'helm.sh/resource-policy: drop'),
  },
  {
    gate: 'generated',
    says: 'is out of date',
    path: 'docs/reference/topic.md',
    text: (text) => `${text}By hand.\n`,
  },
  {
    gate: 'generated',
    says: 'is out of date',
    path: 'docs/reference/client.md',
    text: (text) => text.replace('Connects to a cluster.', 'Connects.'),
  },
  {
    gate: 'proto',
    says: 'PascalCase',
    path: 'packages/api/proto/streamhouse/v1/planted.proto',
    text: 'syntax = "proto3";\npackage streamhouse.v1;\nmessage planted {}\n',
  },
  {
    gate: 'proto-breaking',
    says: 'was deleted',
    path: 'packages/api/proto/streamhouse/v1/producer.proto',
    text: (text) => text.replace(' = 1;', ' = 101;'),
  },
];

export const PLANTS: readonly Plant[] = [
  ...PROMISES,
  ...SHAPE,
  ...TYPES,
  ...WORLD,
  ...TESTS,
  ...IMPORTS,
  ...TREE,
  ...OTHERS,
];
