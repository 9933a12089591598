import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Codecs } from '../../../src/codec'
import { reviveFailure, writeFailure } from '../../../src/deferred/threads/failure'
import { Unrecoverable } from '../../../src/deferred/unrecoverable'

const codecs = new Codecs()

/** Over to the other thread and back. */
function crossed(thrown: unknown): unknown {
  return reviveFailure(structuredClone(writeFailure(thrown, codecs)), codecs)
}

describe('deferred: what a task throws on a thread', () => {
  it('stays unrecoverable', () => {
    const error = crossed(new Unrecoverable('the account was deleted'))

    assert.ok(error instanceof Unrecoverable)
    assert.equal(error.message, 'the account was deleted')
  })

  it('keeps the fields that can travel, and leaves the others', () => {
    const given = Object.assign(new Error('no'), { code: 'E_NO', limit: 7n, retry: () => 1 })

    const error = crossed(given) as Error & Record<string, unknown>

    assert.deepEqual(Object.entries(error), [
      ['code', 'E_NO'],
      ['limit', 7n],
    ])
    assert.equal(error.stack, given.stack)
  })

  it('sets no prototype by a field', () => {
    const given = new Error('no')
    Object.defineProperty(given, '__proto__', { value: { isAdmin: true }, enumerable: true })

    const error = crossed(given) as Error & { isAdmin?: boolean }

    assert.equal(error.isAdmin, undefined)
    assert.ok(error instanceof Error)
  })

  it('may be caused by itself', () => {
    const circle = new Error('circle')
    circle.cause = circle

    assert.equal((crossed(circle) as Error).message, 'circle')
  })

  it('may be no error at all, or one that throws when it is read', () => {
    const hostile = Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('read')
      },
    })

    assert.equal(crossed('text'), 'text')
    assert.equal(crossed(undefined), undefined)
    assert.deepEqual(crossed({ reason: 7 }), { reason: 7 })
    assert.equal(typeof crossed(Symbol('x')), 'string')
    assert.match((crossed(hostile) as Error).message, /throws itself when it is read/)
  })
})
