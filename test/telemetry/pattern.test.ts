import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { matches } from '../../src/telemetry/pattern'

describe('telemetry: a pattern', () => {
  it.each([
    ['deferred.task.enqueue', 'deferred.task.enqueue', true],
    ['deferred.task', 'deferred.task.enqueue', false],
    ['deferred.task.enqueue', 'deferred.task', false],
    ['deferred.*', 'deferred.task.enqueue', true],
    ['deferred.*', 'deferredxtask', false],
    ['*', 'cable.stream.broadcast', true],
    ['*.process', 'cable.action.process', true],
    ['*.process', 'cable.action.processed', false],
    ['cable.*.process', 'cable.action.process', true],
    ['cable.*.process', 'cable.process', false],
    ['*.task.*', 'core.task.await', true],
    ['*task*task*', 'core.task.await', false],
    ['**', 'core.task.await', true],
    ['aa*a', 'aa', false],
    ['', 'core.task.await', false],
  ])('%s and %s: %s', (pattern, name, expected) => {
    assert.equal(matches(pattern, name), expected)
  })

  it('takes no character but * for anything else', () => {
    assert.equal(matches('d.f*', 'deferred.task.enqueue'), false)
    assert.equal(matches('.*', 'deferred.task.enqueue'), false)
  })
})
