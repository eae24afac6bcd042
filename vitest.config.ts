import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const setup = 'test/harness/global-setup.ts';
const globalSetup = existsSync(join(import.meta.dirname, setup)) ? [setup] : [];

export default defineConfig({
  test: {
    allowOnly: false,
    passWithNoTests: false,
    maxWorkers: 2,
    pool: 'forks',
    globalSetup,
    silent: 'passed-only',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'agent/src/**/*.test.ts', 'hack/**/*.test.ts'],
          // No module holds mutable state, so files of one worker can share their imports.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'scenario',
          include: ['test/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
    ],
  },
});
