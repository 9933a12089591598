import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { loadPeer } from '../../src/kernel'

describe('peer package', () => {
  it('is what loading it answers', () => {
    assert.equal(
      loadPeer('feature()', 'some-package', () => 7),
      7,
    )
  })

  it('that is not installed is an error with the command that installs it', () => {
    const missing = () =>
      loadPeer('feature()', 'some-package@2 other', () => {
        throw Object.assign(new Error('no such module'), { code: 'MODULE_NOT_FOUND' })
      })

    assert.throws(missing, {
      code: 'RAGE_KERNEL_MISSING_PACKAGE',
      message: /npm install some-package@2 other/,
    })
  })

  it('that fails while it loads fails with its own error', () => {
    const broken = new Error('it needs a newer Node')

    assert.throws(
      () =>
        loadPeer('feature()', 'some-package', () => {
          throw broken
        }),
      broken,
    )
  })
})
