import { defineConfig } from 'vitest/config';

const ON_KUBERNETES = '**/*.kube.test.ts';

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
          exclude: [ON_KUBERNETES],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'kubernetes',
          include: [`test/${ON_KUBERNETES}`],
          globalSetup: ['test/harness/control-plane-setup.ts'],
          // The last, because the control plane is built and starts while the others run.
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
