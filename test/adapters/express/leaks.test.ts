/**
 * Nothing is left of a request: heap after garbage collection, listeners, files. Runs `.ci/soak.mjs` in a process of its own, on
 * the built package, with fewer requests than `npm run soak`.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, it } from 'vitest'
import { root } from '../../support/repository'

const run = promisify(execFile)

describe('leaks: requests through a mount', () => {
  it.each(['4', '5'])(
    'leave no heap, listener, file or connection behind in Express %s, answered or aborted',
    async (major) => {
      await run(process.execPath, ['.ci/build.mjs'], { cwd: root })

      // Exits with 1 beyond its limits; what it printed is then in the error.
      const { stdout } = await run(process.execPath, [
        '--expose-gc',
        join(root, '.ci/soak.mjs'),
        '50000',
        '2000',
        major,
      ])

      assert.match(stdout, /50000 requests .*: the heap grew by/)
      assert.match(stdout, /2000 aborted/)
    },
    180_000,
  )
})
