import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Channel, Connection, Subscriber, Task } from '../../src'
import { currentContext, type Effect, type EffectGate } from '../../src/context'
import { eventually, makeRage } from './support/runtimes'

const happened: string[] = []

class Job extends Task<string> {
  perform(name: string) {
    happened.push(`job ${name}`)
  }
}
class Placed {
  readonly order = 7
}
class OnPlaced extends Subscriber<Placed> {
  static override on = [Placed]
  call() {
    happened.push('event')
  }
}
class AppConnection extends Connection {}
class News extends Channel {}

class Holding implements EffectGate {
  readonly effects: Effect[] = []
  pass<Result>(effect: Effect<Result>): Result {
    this.effects.push(effect)
    return effect.held()
  }
}

describe('runtime: effects of a unit of work', () => {
  it('pass the gate of its context, and happen only when the gate performs them', async () => {
    const { rage } = makeRage()
    rage.register(Job, OnPlaced, AppConnection, News)
    await rage.boot()
    const gate = new Holding()

    const handle = await rage.run(async () => {
      currentContext()!.gate = gate
      const held = await Job.enqueue('a')
      await rage.events.publish(new Placed())
      News.broadcast('news', { text: 'hello' })
      return held
    })

    assert.deepEqual(happened, [])
    assert.deepEqual(
      gate.effects.map(({ kind, target, payload }) => [kind, target, payload]),
      [
        ['job', 'Job', 'a'],
        ['event', 'Placed', new Placed()],
        ['broadcast', 'news', { text: 'hello' }],
      ],
    )
    assert.equal(rage.deferred.stats().queued, 0)

    const released = await Promise.all(gate.effects.map((effect) => effect.perform()))

    await eventually(() => happened.length === 2, 'the effects')
    assert.deepEqual(new Set(happened), new Set(['event', 'job a']))
    assert.equal((released[0] as { id: string }).id, handle.id)
  })
})

describe('runtime: effects in a transaction of a database', () => {
  it('happen after its commit, jobs under the id that enqueue answered', async () => {
    happened.length = 0
    const { rage } = makeRage()
    rage.register(Job, OnPlaced, AppConnection, News)
    await rage.boot()

    const answer = await rage.inTransaction(async () => {
      const { id } = await Job.enqueue('held')
      await Job.enqueueMany(['many'])
      await rage.events.publish(new Placed())
      News.broadcast('news', { text: 'hello' })
      await rage.afterCommit(() => void happened.push('callback'))
      await new Promise((resolve) => setTimeout(resolve, 50))
      assert.deepEqual(happened, [])
      return id
    })

    assert.match(answer, /:/)
    await eventually(() => happened.length === 4, 'the effects')
    assert.deepEqual([...happened].sort(), ['callback', 'event', 'job held', 'job many'])
  })

  it('are dropped when its work throws, or gives it up', async () => {
    happened.length = 0
    const { rage } = makeRage()
    rage.register(Job)
    await rage.boot()

    await assert.rejects(
      rage.inTransaction(async () => {
        await Job.enqueue('thrown')
        throw new Error('no stock')
      }),
      /no stock/,
    )
    const answer = await rage.inTransaction(async (unit) => {
      await Job.enqueue('given up')
      unit.rollback()
      return 'rolled back'
    })
    await Job.enqueue('outside')

    await eventually(() => happened.length === 1, 'the job outside')
    assert.deepEqual([answer, happened], ['rolled back', ['job outside']])
  })

  it('that cannot happen after the commit reject it with their cause', async () => {
    const { rage } = makeRage()
    rage.register(Job)
    await rage.boot()

    await assert.rejects(
      rage.inTransaction(async () => {
        await Job.enqueue('a')
        await rage.stop()
      }),
      (error) => {
        assert.equal((error as { code: string }).code, 'RAGE_CONTEXT_AFTER_COMMIT')
        assert.equal(((error as Error).cause as { code: string }).code, 'RAGE_DEFERRED_DRAINING')
        return true
      },
    )
  })

  it('happen when the unit commits, where begin and commit stand in different places', async () => {
    happened.length = 0
    const { rage } = makeRage()
    rage.register(Job)
    await rage.boot()

    const unit = rage.transaction()
    await unit.run(() => Job.enqueue('a'))
    assert.equal(rage.deferred.stats().queued, 0)
    await unit.commit()

    await eventually(() => happened.length === 1, 'the job')
  })
})
