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

  it('say that the runtime has stopped, where it was that one', () => {
    const bindings = new Bindings<object>('task', (name) => new Error(`${name}: stopped`))
    const [stopped, other] = [new Scope(), new Scope()]
    bindings.bind(Job, stopped, {})
    bindings.unbind(Job, stopped)
    bindings.unbind(Job, stopped)

    assert.throws(() => bindings.resolve(Job, null), /Job: stopped/)
    assert.throws(() => bindings.resolve(Job, stopped), /Job: stopped/)
    assert.throws(() => bindings.resolve(Job, other), NotRegisteredError)

    const next = {}
    bindings.bind(Job, other, next)
    assert.equal(bindings.resolve(Job, null), next)
    assert.throws(() => bindings.resolve(Job, stopped), /Job: stopped/)
  })

  it('say what they are told to where no runtime ever is', () => {
    const bindings = new Bindings<object>('task')
    bindings.absent = (name) => new Error(`${name}: not here`)

    assert.throws(() => bindings.resolve(Job, new Scope()), /Job: not here/)
  })
})
