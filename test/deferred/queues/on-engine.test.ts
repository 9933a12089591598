import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { type EngineKind, Task, type TaskClass } from '../../../src/deferred'
import { createDeferred, stopAll } from '../support/boot-deferred'

/** Refused before anything is asked of it. */
const engine: EngineKind = {
  name: 'Somebody',
  transactions: null,
  open: () => Promise.reject(new Error('nobody opens it')),
}

class Base extends Task {
  override perform(): void {}
}

afterEach(stopAll)

describe('deferred: what an engine is not asked to do', () => {
  const statics = [
    [{ concurrency: 1 }, /Somebody cannot limit Wanted by static concurrency/],
    [{ rateLimit: { max: 1, per: 1 } }, /Somebody cannot limit Wanted by static rateLimit/],
    [{ unique: true }, /Somebody cannot keep jobs of Wanted unique/],
  ] as const
  for (const [given, message] of statics) {
    it(`is refused where the class is registered: ${JSON.stringify(given)}`, () => {
      class Wanted extends Base {}
      Object.assign(Wanted, given)

      assert.throws(() => createDeferred({ tasks: [Wanted as TaskClass], options: { engine } }), message)
    })
  }

  it('is refused where it is asked for', async () => {
    class Wanted extends Base {}
    const { deferred } = createDeferred({ tasks: [Wanted], options: { engine } })

    await assert.rejects(
      Wanted.enqueue(undefined, { unique: 'k' }),
      /Somebody cannot keep jobs of Wanted unique/,
    )
    await assert.rejects(deferred.pause('mail'), /Somebody cannot pause/)
  })
})
