import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    allowOnly: false,
    passWithNoTests: false,
    maxWorkers: 2,
    pool: 'forks',
    globalSetup: ['test/harness/global-setup.ts'],
    silent: 'passed-only',
    // For a machine that does much else besides; a test that needs seconds of its own says so.
    testTimeout: 15_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'agent/src/**/*.test.ts',
            'operator/src/**/*.test.ts',
            'hack/**/*.test.ts',
          ],
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
