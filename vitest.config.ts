import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{wire,ledger,projections,core,handlers,replay,service,cli,test}/**/*.test.ts'],
    exclude: ['test/slow/**', 'node_modules', 'dist'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
