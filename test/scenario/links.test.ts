/** Documents lead to each other: a link within the repository has a file, and the heading that it names. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const DOCUMENTS = globSync(['*.md', 'docs/**/*.md', 'packages/*/README.md'], {
  cwd: ROOT,
}).toSorted();

/** As GitHub names a heading. */
function anchor(heading: string): string {
  const text = heading.replaceAll(/\]\([^)]*\)|[^\w\s-]/g, '');
  return text.toLowerCase().replaceAll(' ', '-');
}

function headings(path: string): string[] {
  const prose = readFileSync(path, 'utf8').replaceAll(/^```[^]*?^```$/gm, '');
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchor(heading));
}

function isBroken(document: string, link: string): boolean {
  const [target = '', heading] = link.split('#');
  const path = target === '' ? join(ROOT, document) : join(ROOT, dirname(document), target);
  if (!existsSync(path)) return true;
  return heading !== undefined && !headings(path).includes(heading);
}

test.each(DOCUMENTS)('%s', (document) => {
  const text = readFileSync(join(ROOT, document), 'utf8').replaceAll(/`[^`\n]*`/g, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const broken = links.filter((link) => !/^[a-z]+:/.test(link) && isBroken(document, link));
  expect(broken).toEqual([]);
});
