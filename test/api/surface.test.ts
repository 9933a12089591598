/** What users can name and call is written down, so that no change of it goes unnoticed. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'vitest'
import { read, root } from '../support/repository'

describe('api: test/api/surface.txt', () => {
  it('lists what the public entries export', () => {
    const expected = execFileSync(process.execPath, ['.ci/write-surface.mjs', '--print'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 16 * 1024 * 1024,
    })

    assert.ok(
      read('test/api/surface.txt') === expected,
      'The public types have changed. If that is meant, run "node .ci/write-surface.mjs" and say so in CHANGELOG.md.',
    )
  })
})
