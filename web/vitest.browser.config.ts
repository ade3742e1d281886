import { defineConfig } from 'vitest/config';

/** The tests with a browser against the real programs: `npm run browser`. One file at a time; they share one consortium. */
export default defineConfig({
  test: {
    include: ['tests/e2e/**/*.spec.ts'],
    environment: 'node',
    globalSetup: ['tests/e2e/support/world.ts'],
    fileParallelism: false,
    // A machine that is busy with other things takes three times as long as an idle one.
    testTimeout: 400_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000, interval: 100 } },
  },
});
