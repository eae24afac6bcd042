/**
 * A lockfile that `npm ci` accepts on every platform. npm forgets an optional package when the registry at hand (a mirror,
 * say) does not offer it, and `npm ci` then refuses the whole lockfile, even where the package would not be installed.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

type Dependencies = Readonly<Record<string, string>>;
type Entry = {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Dependencies;
};
type Lockfile = { readonly packages: Readonly<Record<string, Entry>> };
type Forgotten = { readonly name: string; readonly version: string; readonly of: Entry };

const DEPENDENCY_KINDS = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;

const OS: Readonly<Record<string, string>> = { win: 'win32', windows: 'win32' };
const OS_NAMES = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'openharmony', 'sunos', 'win32'];
const CPU: Readonly<Record<string, string>> = { armv7: 'arm', amd64: 'x64', aarch64: 'arm64' };
const CPU_NAMES = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Where Node.js finds `name` from the package at `path`: in its own node_modules, or in one above. */
function candidates(path: string, name: string): string[] {
  const parts = path === '' ? [] : path.split('/node_modules/');
  const folders = parts.map((_, index) => parts.slice(0, index + 1).join('/node_modules/'));
  return ['', ...folders].map((folder) => join(folder, 'node_modules', name));
}

function forgotten({ packages }: Lockfile): Forgotten[] {
  return Object.entries(packages).flatMap(([path, of]) =>
    Object.entries(of.optionalDependencies ?? {})
      .filter(([name]) => candidates(path, name).every((place) => !(place in packages)))
      .map(([name, version]) => ({ name, version, of })),
  );
}

/** The platform that a package's name tells of, as npm writes it. */
function platformOf(name: string): Pick<Entry, 'os' | 'cpu' | 'libc'> {
  const words = name.split(/[/-]/);
  if (words.includes('wasm32')) return { cpu: ['wasm32'] };
  const os = words.map((word) => OS[word] ?? word).find((word) => OS_NAMES.includes(word));
  const cpu = words.map((word) => CPU[word] ?? word).find((word) => CPU_NAMES.includes(word));
  if (os === undefined || cpu === undefined) throw new Error(`for which platform is ${name}?`);
  const libc = /musl/.test(name) ? 'musl' : /gnu/.test(name) ? 'glibc' : undefined;
  return { os: [os], cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }) };
}

/** Adds what npm forgot, without an integrity: it is known only to a registry that offers the package. */
export function completeLockfile(root: string): void {
  const path = join(root, 'package-lock.json');
  const lock = readJson(path) as Lockfile;
  const added = forgotten(lock).map(({ name, version, of }): [string, Entry] => [
    `node_modules/${name}`,
    {
      version,
      ...platformOf(name),
      ...(of.dev === true ? { dev: true } : {}),
      optional: true,
    },
  ]);
  if (added.length === 0) return;
  const packages = [...Object.entries(lock.packages), ...added].sort(([a], [b]) =>
    a.localeCompare(b, 'en'),
  );
  const completed = { ...lock, packages: Object.fromEntries(packages) };
  writeFileSync(path, `${JSON.stringify(completed, null, 2)}\n`);
}

/** Workspaces whose dependencies are not those that the lockfile knows of them. */
function staleWorkspaces(root: string, lock: Lockfile): string[] {
  const { workspaces = [] } = readJson(join(root, 'package.json')) as { workspaces?: string[] };
  const paths = globSync(['package.json', ...workspaces.map((path) => `${path}/package.json`)], {
    cwd: root,
  });
  return paths.filter((path) => {
    const declared = readJson(join(root, path)) as Record<string, Dependencies | undefined>;
    const locked = lock.packages[path.replace(/\/?package\.json$/, '')] as typeof declared;
    const facts = (from: typeof declared | undefined): string =>
      DEPENDENCY_KINDS.flatMap((kind) =>
        Object.entries(from?.[kind] ?? {}).map(([name, version]) => `${kind} ${name} ${version}`),
      )
        .sort()
        .join('\n');
    return facts(declared) !== facts(locked);
  });
}

/** One line per reason for which `npm ci` would refuse the lockfile. */
export function lockfileFindings(root: string): string[] {
  const lock = readJson(join(root, 'package-lock.json')) as Lockfile;
  return [
    ...forgotten(lock).map(
      ({ name, version }) => `package-lock.json lacks ${name} ${version}: run \`npm run fix\``,
    ),
    ...staleWorkspaces(root, lock).map(
      (path) => `${path} is not what package-lock.json was made from: run \`npm install\``,
    ),
  ];
}
