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
