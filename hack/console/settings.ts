/** How the console is built and served while it is worked on. */
import { join } from 'node:path';
import tailwind from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import type { InlineConfig } from 'vite';

export const ROOT: string = join(import.meta.dirname, '../..');
const CONSOLE: string = join(ROOT, 'console');
/** Where the API serves the console from. */
export const DIST: string = join(CONSOLE, 'dist');

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
        // What every page needs anyway compresses better in one piece.
        codeSplitting: {
          groups: [
            {
              name: 'base',
              test: /node_modules\/(react|react-dom|scheduler|@tanstack\/(?!.*virtual).*)\//,
            },
          ],
        },
      },
    },
  },
  logLevel: 'warn',
};
