import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'vitest'
import { root } from './support/repository'

describe('docs: the option tables', () => {
  it('are those of the types', () => {
    const { status, stderr } = spawnSync(process.execPath, ['.ci/write-option-tables.mjs', '--check'], {
      cwd: root,
      encoding: 'utf8',
    })

    assert.equal(status, 0, stderr)
  })
})
