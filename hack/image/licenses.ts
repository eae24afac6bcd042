/** The licences of what a bundle contains: they ask that their text goes where the code goes. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const LICENSE_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;
const PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/** Folders of the packages that files belong to, in order; our own files belong to none. */
function packagesOf(files: Iterable<string>): string[] {
  const folders = [...files].map((file) => PACKAGE.exec(file)?.[1] ?? '');
  return [...new Set(folders)].filter((folder) => folder !== '').toSorted();
}

/** Name, version, licence and the full texts of every package that one of `files`, below `root`, belongs to. */
export async function licenses(root: string, files: Iterable<string>): Promise<string> {
  const sections = packagesOf(files).map(async (folder) => {
    const text = await readFile(join(root, folder, 'package.json'), 'utf8');
    const { name, version, license } = JSON.parse(text) as Readonly<Record<string, string>>;
    const names = (await readdir(join(root, folder))).filter((file) => LICENSE_FILE.test(file));
    const texts = names.toSorted().map((file) => readFile(join(root, folder, file), 'utf8'));
    return [`${name} ${version} (${license})`, ...(await Promise.all(texts))].join('\n\n');
  });
  return `${(await Promise.all(sections)).join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
