import { defineConfig } from 'vitest/config';

const ON_KUBERNETES = '**/*.kube.test.ts';
const END_TO_END = 'test/e2e/**/*.test.ts';

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
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'agent/src/**/*.test.ts',
            'operator/src/**/*.test.ts',
            'console/src/**/*.test.ts',
            'hack/**/*.test.ts',
          ],
          exclude: [ON_KUBERNETES],
          // No module holds mutable state, so files of one worker can share their imports.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'scenario',
          include: ['test/**/*.test.ts'],
          exclude: [ON_KUBERNETES, END_TO_END],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'kubernetes',
          include: [`test/${ON_KUBERNETES}`],
          globalSetup: ['test/harness/control-plane-setup.ts'],
          // After these, because the control plane is built and starts while they run.
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'end to end',
          include: [END_TO_END],
          globalSetup: ['test/e2e/setup.ts'],
          // Alone, because it says how long things took.
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
