/** A copy of this repository's files in another folder, with its dependencies, to change and to run things in. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { sourceFiles } from './source-files.ts';

const ROOT = join(import.meta.dirname, '..');
const OWN_SCOPE = '@streamhouse';
/** What tools keep of earlier runs below node_modules: a copy that shared it would leave its own there. */
const CACHE = /^\.(?:cache|vite)/;

/** Copies what .gitignore leaves into an empty folder, and links to what npm has installed. */
export function copyTree(copy: string): void {
  for (const path of sourceFiles(ROOT)) cpSync(join(ROOT, path), join(copy, path));
  mkdirSync(join(copy, '.cache'));
  linkModules(copy);
  for (const workspace of workspaces()) {
    const modules = join(workspace, 'node_modules');
    if (existsSync(join(ROOT, modules))) symlinkSync(join(ROOT, modules), join(copy, modules));
  }
}

/** Links to every dependency, but our own packages are those of the copy: npm made their links relative. */
function linkModules(copy: string): void {
  const modules = join(copy, 'node_modules');
  mkdirSync(join(modules, OWN_SCOPE), { recursive: true });
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name === OWN_SCOPE || CACHE.test(name)) continue;
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  for (const name of readdirSync(join(ROOT, 'node_modules', OWN_SCOPE))) {
    const target = readlinkSync(join(ROOT, 'node_modules', OWN_SCOPE, name));
    symlinkSync(target, join(modules, OWN_SCOPE, name));
  }
}

/** Folders of the packages: dependencies of which two want different versions stand in theirs. */
function workspaces(): string[] {
  const { workspaces: patterns } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    workspaces: string[];
  };
  return patterns.flatMap((pattern) => {
    if (!pattern.endsWith('/*')) return [pattern];
    const folder = pattern.slice(0, -2);
    return readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`);
  });
}
