import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Paths of the files that belong to the repository, sorted, with forward slashes: what .gitignore leaves. It walks the
 * folders and asks no git, so that it sees files before they are added and works in an export without a repository.
 */
export function sourceFiles(root: string): string[] {
  const ignored = ignoredNames(root);
  const found: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (ignored(entry.name)) continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile()) found.push(path);
    }
  };
  visit('');
  return found.sort();
}

/** Our .gitignore holds only names (`dist/`) and endings (`*.log`), wherever they stand; anything else is refused. */
function ignoredNames(root: string): (name: string) => boolean {
  const lines = readFileSync(join(root, '.gitignore'), 'utf8').split('\n');
  const patterns = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const names = new Set(['.git']);
  const endings: string[] = [];
  for (const pattern of patterns) {
    if (/^[\w.-]+\/?$/.test(pattern)) names.add(pattern.replace(/\/$/, ''));
    else if (/^\*[\w.-]+$/.test(pattern)) endings.push(pattern.slice(1));
    else throw new Error(`.gitignore: hack/source-files.ts does not understand '${pattern}'`);
  }
  return (name) => names.has(name) || endings.some((ending) => name.endsWith(ending));
}
