/** What the console may weigh: the build fails beyond. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** KB, gzipped. */
const SHELL_MAX = 118;
const ROUTE_MAX = 165;
const STYLES_MAX = 15;

interface Chunk {
  readonly file: string;
  readonly isEntry?: boolean;
  readonly isDynamicEntry?: boolean;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
}

/** Sizes in KB, gzipped. */
interface Weights {
  /** What every page loads. */
  readonly shell: number;
  /** The heaviest page with all that it loads, the shell included. */
  readonly route: number;
  readonly styles: number;
}

function weights(dist: string): Weights {
  const chunks = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8')) as Readonly<
    Record<string, Chunk>
  >;
  const size = (files: Iterable<string>): number => {
    let total = 0;
    for (const file of files) total += gzipSync(readFileSync(join(dist, file))).length;
    return total / 1_000;
  };
  const scriptsOf = (name: string, found = new Set<string>()): Set<string> => {
    const chunk = chunks[name];
    if (chunk === undefined || found.has(chunk.file)) return found;
    found.add(chunk.file);
    for (const imported of chunk.imports ?? []) scriptsOf(imported, found);
    return found;
  };
  const names = Object.keys(chunks);
  const entry = names.find((name) => chunks[name]?.isEntry === true) ?? '';
  const shell = scriptsOf(entry);
  const routes = names.filter((name) => chunks[name]?.isDynamicEntry === true);
  return {
    shell: size(shell),
    route: Math.max(...routes.map((name) => size(scriptsOf(name, new Set(shell))))),
    styles: size(new Set(Object.values(chunks).flatMap(({ css = [] }) => css))),
  };
}

/** One line for each thing that is too heavy. */
export function budgetFindings(dist: string): string[] {
  const { shell, route, styles } = weights(dist);
  const over = (what: string, size: number, max: number): string[] =>
    size > max ? [`${what} of the console: ${size.toFixed(1)} KB gzipped, at most ${max}`] : [];
  return [
    ...over('the shell', shell, SHELL_MAX),
    ...over('the heaviest page', route, ROUTE_MAX),
    ...over('the styles', styles, STYLES_MAX),
  ];
}
