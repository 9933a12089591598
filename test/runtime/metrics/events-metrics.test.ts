import assert from 'node:assert'
import { describe, it } from 'vitest'
import { Subscriber } from '../../../src'
import { eventually, makeRage } from '../support/runtimes'
import { valuesOf } from './support/values'

class Placed {}
class Shipped extends Placed {}
class Fails extends Subscriber {
  static override on = [Placed]
  call() {
    throw new Error('not for me')
  }
}
class FailsLater extends Subscriber {
  static override on = [Shipped]
  async call() {
    await Promise.reject(new Error('not for me either'))
  }
}
class Works extends Subscriber {
  static override on = [Placed]
  call() {}
}

describe('events metrics', () => {
  it('count what is published by event, and what fails by subscriber', async () => {
    const { rage } = makeRage({ metrics: true })
    rage.register(Fails, FailsLater, Works)
    await rage.boot()

    await rage.events.publish(new Placed())
    await rage.events.publish(new Shipped())
    await rage.events.publish(new Shipped())
    const failed = () => valuesOf(rage, 'rage_events_failed_total')
    await eventually(() => failed().length === 3, 'failures')

    assert.deepEqual(valuesOf(rage, 'rage_events_published_total'), [
      ['Placed', 1],
      ['Shipped', 2],
    ])
    assert.deepEqual(Object.fromEntries(failed()), {
      'Placed Fails': 1,
      'Shipped Fails': 2,
      'Shipped FailsLater': 2,
    })
  })
})
