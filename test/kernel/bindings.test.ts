import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { AmbiguousRuntimeError, Bindings, NotRegisteredError, Scope } from '../../src/kernel'

class Job {}

describe('kernel: bindings of a class to a runtime', () => {
  it('resolve to the runtime of the running work', () => {
    const bindings = new Bindings<{ name: string }>('task')
    const [first, second] = [new Scope(), new Scope()]
    bindings.bind(Job, first, { name: 'first' })
    bindings.bind(Job, second, { name: 'second' })

    assert.equal(bindings.resolve(Job, second).name, 'second')
  })

  it('resolve to the only runtime outside of any work', () => {
    const bindings = new Bindings<{ name: string }>('task')
    bindings.bind(Job, new Scope(), { name: 'only' })

    assert.equal(bindings.resolve(Job, null).name, 'only')
  })

  it('refuse to guess between two runtimes', () => {
    const bindings = new Bindings<object>('task')
    bindings.bind(Job, new Scope(), {})
    bindings.bind(Job, new Scope(), {})

    assert.throws(
      () => bindings.resolve(Job, null),
      (error) => error instanceof AmbiguousRuntimeError,
    )
  })

  it('never reach a runtime other than the one that is running', () => {
    const bindings = new Bindings<object>('task')
    bindings.bind(Job, new Scope(), {})

    assert.throws(
      () => bindings.resolve(Job, new Scope()),
      (error) => error instanceof NotRegisteredError,
    )
  })
})
