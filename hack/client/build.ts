/**
 * Builds the package `@streamhouse/client` into packages/client/dist, which `npm pack` and `npm publish` take as it is. The
 * sources of the other packages are bundled; the libraries stay dependencies, in the versions that the tests ran with.
 */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { clientSurface, type Declaration } from './surface.ts';

const ROOT = join(import.meta.dirname, '../..');
const CLIENT = 'packages/client';
/** Whose sources the bundle may hold. */
const BUNDLED = [CLIENT, 'packages/api', 'packages/codec', 'packages/core'];

interface Manifest {
  readonly [field: string]: unknown;
  readonly dependencies: Readonly<Record<string, string>>;
}

async function manifestOf(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;
}

/** Every library that a bundled source may name, with its version. */
async function libraryVersions(): Promise<ReadonlyMap<string, string>> {
  const manifests = await Promise.all(BUNDLED.map(manifestOf));
  const all = manifests.flatMap(({ dependencies }) => Object.entries(dependencies));
  return new Map(all.filter(([name]) => !name.startsWith('@streamhouse/')));
}

/**
 * Bundles the sources. Resolves the libraries that they load. CommonJS, and the module for `import` only passes its names
 * on: a program that loads both has one StreamError, and `instanceof` holds.
 */
async function bundle(dist: string, libraries: readonly string[]): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [`${CLIENT}/src/mod.ts`],
    outfile: join(dist, 'client.cjs'),
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    // Names in stacks and in errors stay those of the source.
    keepNames: true,
    external: [...libraries],
    metafile: true,
    logLevel: 'warning',
  });
  const foreign = Object.keys(metafile.inputs).filter(
    (path) => !BUNDLED.some((folder) => path.startsWith(`${folder}/`)),
  );
  if (foreign.length > 0) throw new Error(`not to be bundled: ${foreign.join(', ')}`);
  const loaded = Object.values(metafile.outputs).flatMap(({ imports }) => imports);
  return libraries.filter((library) => loaded.some(({ path }) => path === library));
}

function typeDeclarations(surface: readonly Declaration[]): string {
  const texts = surface.map(({ docs, text }) => {
    const lines = docs.split('\n').map((line) => ` * ${line}`.trimEnd());
    return `${docs === '' ? '' : `/**\n${lines.join('\n')}\n */\n`}export ${text}`;
  });
  return `/// <reference lib="esnext.disposable" />\n\n${texts.join('\n\n')}\n`;
}

/** Both ways to load it have the same declarations, so a type of one is that of the other. */
async function writeModules(dist: string): Promise<void> {
  const surface = clientSurface(ROOT);
  const values = surface.filter(({ kind }) => kind === 'function' || kind === 'class');
  const names = values.map(({ name }) => `  ${name},\n`).join('');
  await writeFile(join(dist, 'client.mjs'), `export {\n${names}} from './client.cjs';\n`);
  await writeFile(join(dist, 'client.d.cts'), typeDeclarations(surface));
  await writeFile(join(dist, 'client.d.mts'), "export * from './client.cjs';\n");
}

async function writeManifest(dist: string, dependencies: Manifest['dependencies']): Promise<void> {
  const { private: _, exports: __, type: ___, ...fields } = await manifestOf(CLIENT);
  const manifest = {
    ...fields,
    main: './client.cjs',
    types: './client.d.cts',
    exports: {
      '.': {
        import: { types: './client.d.mts', default: './client.mjs' },
        require: { types: './client.d.cts', default: './client.cjs' },
      },
      './package.json': './package.json',
    },
    files: ['client.*'],
    dependencies,
  };
  await writeFile(join(dist, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** A name that a declaration uses and mod.ts does not export shows here, and not in the program of a user. */
function checkTypes(dist: string): void {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const flags = '--ignoreConfig --noEmit --strict --module nodenext --target es2022 --types node';
  execFileSync(process.execPath, [tsc, ...flags.split(' '), join(dist, 'client.d.mts')], {
    cwd: ROOT,
    stdio: 'inherit',
  });
}

/** Writes the folder anew. */
export async function buildClient(dist: string): Promise<void> {
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist, { recursive: true });
  const versions = await libraryVersions();
  const libraries = await bundle(dist, [...versions.keys()]);
  await writeModules(dist);
  await writeManifest(
    dist,
    Object.fromEntries(libraries.map((name) => [name, versions.get(name) ?? ''])),
  );
  await cp(join(ROOT, CLIENT, 'README.md'), join(dist, 'README.md'));
  await cp(join(ROOT, 'LICENSE'), join(dist, 'LICENSE'));
  checkTypes(dist);
}

if (import.meta.main) {
  const dist = join(ROOT, CLIENT, 'dist');
  await buildClient(dist);
  console.log(`${CLIENT}/dist is ready: npm pack ./${CLIENT}/dist`);
}
