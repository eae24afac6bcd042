/**
 * Writes what the image holds under /app: each program as one file, and beside it what cannot be bundled. `node
 * hack/image/bundle.ts OUT`. The dependencies have to be installed for the platform of the image.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { build, type Plugin } from 'esbuild';
import { licenses } from './licenses.ts';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);
/** Where a program lies in the image, and its source. Workers keep their addresses, by which they are started. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'agent.mjs': 'agent/src/main.ts',
  'api-key.mjs': 'operator/src/api-key/main.ts',
  'agent/src/lease/renew-worker.ts': 'agent/src/lease/renew-worker.ts',
  'operator.mjs': 'operator/src/main.ts',
  'operator/src/http/search/search-worker.ts': 'operator/src/http/search/search-worker.ts',
  'operator-kube-config.mjs': 'operator/src/kube/kube-config.ts',
  'streamhouse.mjs': 'packages/cli/src/main.ts',
};
/** Read at run time, by addresses relative to the code that reads them. */
const ASSETS = [
  'packages/store/migrations',
  'console/dist',
  'node_modules/@grpc/grpc-js/proto',
  'node_modules/grpc-health-check/proto',
  'node_modules/@grpc/reflection/build/proto',
  'LICENSE',
];
/** Native code. */
const NATIVE = ['@node-rs/crc32', 'lz4-napi', 'snappy'];
/** Asked for inside a try by those who can do without. */
const OPTIONAL = ['pg-native'];

/** So that a line of a stack tells where to look. */
const LINE_CHARS_MAX = 200;

const DISPATCH = `// The kernel spares the first process of a container all signals that it does not listen for: until the program does, this does.
process.on('SIGTERM', () => {
  if (process.listenerCount('SIGTERM') === 1) process.exit(143);
});

const [program, ...args] = process.argv.slice(2);
if (!['agent', 'operator', 'streamhouse', 'api-key'].includes(program)) {
  console.error('the commands of this image are agent, operator, streamhouse and api-key');
  process.exitCode = 2;
} else {
  process.argv.splice(2, process.argv.length, ...args);
  await import(\`./\${program}.mjs\`);
}
`;

/**
 * Lets each module keep the address that it has in the repository, below the root of the bundle. Without it every module
 * would be where its bundle is, and find neither its worker nor its assets.
 */
const ownAddresses: Plugin = {
  name: 'own-addresses',
  setup(build) {
    build.onLoad({ filter: /\.[mc]?[jt]s$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!/\b__dirname\b|\bimport\.meta\.url\b/.test(text)) return undefined;
      const address = JSON.stringify(relative(ROOT, path));
      return {
        contents: text
          .replaceAll(/\bimport\.meta\.url\b/g, `__addressOf(${address})`)
          .replaceAll(/\b__dirname\b/g, `__folderOf(${address})`),
        loader: /\.[mc]?ts$/.test(path) ? 'ts' : 'js',
      };
    });
  },
};

/** Leaves an import of what has a file of its own as one: whoever never needs it has nothing of it in memory. */
const ownFiles: Plugin = {
  name: 'own-files',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\// }, ({ kind, resolveDir, path }) => {
      if (kind !== 'dynamic-import') return undefined;
      const source = relative(ROOT, join(resolveDir, path));
      const own = Object.entries(PROGRAMS).find((program) => program[1] === source);
      return own && { path: `./${own[0]}`, external: true };
    });
  },
};

/** What the modules of a bundle expect around them. `root` leads from the bundle to the folder that holds all. */
function preamble(root: string): string {
  return `import { createRequire as __createRequire } from 'node:module';
import { fileURLToPath as __fileURLToPath } from 'node:url';
const require = __createRequire(import.meta.url);
const __addressOf = (path) => new URL(path, new URL('${root}', import.meta.url)).href;
const __folderOf = (path) => __fileURLToPath(new URL('.', __addressOf(path)));`;
}

/** Resolves the files that it was made of. */
async function bundleProgram(outFolder: string, out: string, source: string): Promise<string[]> {
  const depth = out.split('/').length - 1;
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [source],
    outfile: join(outFolder, out),
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Names in stacks and in errors stay those of the source.
    keepNames: true,
    // Licences go into a file of their own, and with the other comments goes all that is not ASCII: V8 keeps the text of
    // a program in memory, and takes two bytes for each character when there is one that needs them.
    legalComments: 'none',
    minifyWhitespace: true,
    lineLimit: LINE_CHARS_MAX,
    metafile: true,
    external: [...NATIVE, ...OPTIONAL],
    banner: { js: preamble('../'.repeat(depth) || './') },
    plugins: [ownAddresses, ownFiles],
    logLevel: 'warning',
  });
  return Object.keys(metafile.inputs);
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Copies packages with what they need; of their builds for other platforms none is installed. */
async function copyPackages(outFolder: string, names: readonly string[]): Promise<void> {
  const waiting = [...names];
  const done = new Set<string>();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (done.has(name)) continue;
    done.add(name);
    const folder = join('node_modules', name);
    const text = await readFile(join(ROOT, folder, 'package.json'), 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const manifest = JSON.parse(text) as Manifest;
    waiting.push(...Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }));
    await cp(join(ROOT, folder), join(outFolder, folder), { recursive: true, dereference: true });
  }
}

/** Requires what was copied to load: a bundle for another platform fails here and not in a cluster. */
function requireNative(outFolder: string): void {
  const require = createRequire(join(outFolder, 'main.mjs'));
  for (const name of NATIVE) require(name);
}

/** Writes the folder anew. */
export async function bundle(outFolder: string): Promise<void> {
  await rm(outFolder, { recursive: true, force: true });
  await mkdir(outFolder, { recursive: true });
  const files: string[] = [];
  for (const [out, source] of Object.entries(PROGRAMS))
    files.push(...(await bundleProgram(outFolder, out, source)));
  await run(process.execPath, [join(ROOT, 'hack/console/build.ts')]);
  const modules = await readFile(join(ROOT, 'console/dist/.vite/modules.json'), 'utf8');
  files.push(...(JSON.parse(modules) as string[]));
  await writeFile(join(outFolder, 'THIRD-PARTY-LICENSES'), await licenses(ROOT, files));
  for (const asset of ASSETS) {
    await mkdir(dirname(join(outFolder, asset)), { recursive: true });
    await cp(join(ROOT, asset), join(outFolder, asset), { recursive: true });
  }
  await copyPackages(outFolder, NATIVE);
  await writeFile(join(outFolder, 'main.mjs'), DISPATCH);
  await writeFile(join(outFolder, 'package.json'), '{ "type": "module" }\n');
  requireNative(outFolder);
}

if (import.meta.main) {
  const [outFolder] = process.argv.slice(2);
  if (outFolder === undefined) throw new Error('usage: node hack/image/bundle.ts OUT');
  await bundle(outFolder);
}
