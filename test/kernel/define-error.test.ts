import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { defineError, RageError } from '../../src/kernel'

class DiskFullError extends defineError('RAGE_TEST_DISK_FULL', {
  status: 507,
  what: (f: { folder: string }) => `No room in ${f.folder}.`,
  fix: 'Free some space.',
}) {}

describe('kernel: a defined error', () => {
  it('says its code, what happened and what to do', () => {
    const cause = new Error('ENOSPC')

    const error = new DiskFullError({ folder: '/data' }, { cause })

    assert.equal(error.message, 'RAGE_TEST_DISK_FULL: No room in /data. Free some space.')
    assert.equal(error.name, 'DiskFullError')
    assert.equal(error.status, 507)
    assert.deepEqual(error.facts, { folder: '/data' })
    assert.equal(error.cause, cause)
  })

  it('is recognised across two copies of the package', () => {
    class DiskFullErrorOfAnotherCopy extends defineError('RAGE_TEST_DISK_FULL', {
      what: (_: object) => 'No room.',
      fix: 'Free some.',
    }) {}
    const foreign = new DiskFullErrorOfAnotherCopy({})

    assert.ok(foreign instanceof DiskFullError)
    assert.ok(foreign instanceof RageError)
    assert.ok(!(new Error('x') instanceof DiskFullError))
    assert.ok(!((null as unknown as object) instanceof RageError))
  })
})
