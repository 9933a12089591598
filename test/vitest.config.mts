import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: `${__dirname}/..`,
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 20_000,
    maxWorkers: 2,
  },
})
