/** How the console is built and served while it is worked on. */
import { join } from 'node:path';
import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import type { InlineConfig } from 'vite';

export const ROOT: string = join(import.meta.dirname, '../..');
const CONSOLE: string = join(ROOT, 'console');
/** Where the API serves the console from. */
export const DIST: string = join(CONSOLE, 'dist');

/** What the shell is made of. */
const BASE: readonly RegExp[] = [
  /node_modules\/(?:react|react-dom|scheduler|use-sync-external-store)\//,
  /node_modules\/@tanstack\/(?!.*virtual)/,
  /node_modules\/lucide-react\/dist\/esm\/(?!icons\/)/,
  /console\/src\/ui\/button\./,
];
/** What most pages have in common, and the shell has not. */
const PARTS: readonly RegExp[] = [
  /node_modules\/@tanstack\/.*virtual/,
  /node_modules\/lucide-react\/.*\/(?:arrow-down|arrow-up|rotate-cw)\./,
  /console\/src\/ui\/(?:data-table|field|figures|page|panel|search-box)\./,
  /console\/src\/queries\/(?:groups|rows|topics)\./,
  /console\/src\/pages\/(?:verdict-line|groups\/lag-stat\w+|\w+\/\w+-columns)\./,
];

function isIn(patterns: readonly RegExp[]): (id: string) => boolean {
  return (id) => patterns.some((pattern) => pattern.test(id));
}

export const SETTINGS: InlineConfig = {
  configFile: false,
  root: CONSOLE,
  // The page may be mounted anywhere: its base element says where.
  base: './',
  cacheDir: join(ROOT, '.cache/vite'),
  plugins: [react(), tailwind()],
  build: {
    target: 'es2024',
    // Browsers know light-dark() and nesting by now; rewritten they would be longer.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    rolldownOptions: {
      output: {
        // A file costs a browser more than the few bytes of it that a page does not need, and one piece compresses better.
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            { name: 'base', test: isIn(BASE) },
            { name: 'parts', test: isIn(PARTS) },
          ],
        },
      },
    },
  },
  logLevel: 'warn',
};
