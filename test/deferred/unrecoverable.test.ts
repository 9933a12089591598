import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { Task, Unrecoverable } from '../../src/deferred'
import { bootDeferred, stopAll, until } from './support/boot-deferred'

class Gone extends Unrecoverable {}

let thrown: () => unknown

class Charge extends Task {
  static override retryIn(): number {
    throw new Error('nobody asks')
  }

  override perform(): void {
    throw thrown()
  }
}

afterEach(stopAll)

describe('deferred: Unrecoverable', () => {
  const cause = new Error('404')
  const cases = [
    ['itself', () => new Unrecoverable('the account was deleted', { cause })],
    ['a class that extends it', () => new Gone('the account was deleted', { cause })],
  ] as const
  for (const [name, make] of cases) {
    it(`thrown as ${name} makes the job dead at once, whatever retryIn says`, async () => {
      thrown = make
      const { deferred, reported } = await bootDeferred({ tasks: [Charge] })

      await Charge.enqueue()
      await until(() => deferred.stats().dead === 1)

      const [dead] = deferred.dead()
      assert.deepEqual(
        [dead?.reason, dead?.attempts, dead?.error.message],
        ['unrecoverable', 1, 'the account was deleted'],
      )
      assert.deepEqual(reported, [reported[0]])
      assert.equal((reported[0] as Error).cause, cause)
    })
  }

  it('is an error like others to everybody else', () => {
    const error = new Unrecoverable('gone')

    assert.ok(error instanceof Error)
    assert.deepEqual([error.name, String(error)], ['Unrecoverable', 'Unrecoverable: gone'])
    assert.equal(new Error('gone') instanceof Unrecoverable, false)
    assert.equal((null as unknown) instanceof Unrecoverable, false)
  })

  it('is recognised from another copy of the package', () => {
    const foreign = new Error('gone')
    Object.assign(foreign, { [Symbol.for('rage-js.Unrecoverable')]: true })

    assert.ok(foreign instanceof Unrecoverable)
  })
})
