/** Events and subscribers that no application should have, and what becomes of the others beside them. */
import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Context, runInContext } from '../../src/context'
import {
  BadReviveError,
  DeferredSubscriberError,
  NotAnEventError,
  PublishCircleError,
  Subscriber,
  type SubscriberClass,
} from '../../src/events'
import { DuplicateNameError } from '../../src/kernel'
import { makeRage } from '../runtime/support/runtimes'
import { bootRoom, makeRoom } from './support'

class OrderPlaced {
  readonly orderId: string
  constructor(orderId = '7') {
    this.orderId = orderId
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A subscriber of OrderPlaced, or of another class. */
function subscriber(
  name: string,
  call: (event: OrderPlaced) => unknown,
  on: readonly (abstract new (...args: never[]) => object)[] = [OrderPlaced],
  deferred = false,
): SubscriberClass {
  const type = class extends Subscriber {
    static override on = on
    static override deferred = deferred
    call(event: object): unknown {
      return call(event as OrderPlaced)
    }
  }
  Object.defineProperty(type, 'name', { value: name })
  return type
}

describe('events: a hostile subscriber leaves the others and the publisher alone', () => {
  const outcomes: [string, () => unknown, string][] = [
    [
      'whose result throws when its then is looked at',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: that is the case
        get then(): unknown {
          throw new Error('do not look')
        },
      }),
      'do not look',
    ],
    [
      'whose result throws when its then is called',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: that is the case
        then(): void {
          throw new Error('do not call')
        },
      }),
      'do not call',
    ],
    [
      'whose result rejects several times',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: that is the case
        then(_resolve: () => void, reject: (error: Error) => void): void {
          reject(new Error('once'))
          reject(new Error('twice'))
        },
      }),
      'once',
    ],
    ['that throws what is no error', () => Promise.reject('no error'), 'no error'],
    [
      'that throws null',
      () => {
        throw null
      },
      'null',
    ],
  ]
  it.each(outcomes)('%s', async (_what, call, message) => {
    const seen: string[] = []
    const { events, reports } = await bootRoom([
      subscriber('First', () => void seen.push('First')),
      subscriber('Hostile', call),
      subscriber('Last', async () => void seen.push('Last')),
    ])

    await events.publish(new OrderPlaced())

    assert.deepEqual(seen, ['First', 'Last'])
    assert.deepEqual(
      reports.map(({ error }) => (error instanceof Error ? error.message : String(error))),
      [message],
    )
  })

  it('that never settles: the others end and are reported, and only the publish waits', async () => {
    const seen: string[] = []
    const { events, reports } = await bootRoom([
      subscriber('Stuck', () => new Promise(() => undefined)),
      subscriber('Rejects', async () => {
        await turn()
        throw new Error('no paper')
      }),
      subscriber('Works', async () => {
        await turn()
        seen.push('Works')
      }),
    ])

    let isOver = false
    void events.publish(new OrderPlaced()).then(() => {
      isOver = true
    })
    for (let index = 0; index < 3; index++) await turn()

    assert.deepEqual([seen, reports.length, isOver], [['Works'], 1, false])
  })

  it('whose rescue asks a class that throws: that error is reported', async () => {
    class Moody {
      static [Symbol.hasInstance](): boolean {
        throw new Error('not today')
      }
    }
    class Rescues extends Subscriber {
      static override on = [OrderPlaced]
      static {
        this.rescueFrom(Moody, () => undefined)
      }
      call(): void {
        throw new Error('no stock')
      }
    }
    const { events, reports } = await bootRoom([Rescues])

    await events.publish(new OrderPlaced())

    assert.deepEqual(
      reports.map(({ error }) => (error as Error).message),
      ['not today'],
    )
  })

  it.each([
    ['synchronous', (publish: () => Promise<void>) => void publish()],
    ['awaited', (publish: () => Promise<void>) => publish()],
  ])('that publishes what leads back to it: stopped a hundred publishes deep, %s', async (_what, call) => {
    let calls = 0
    const seen: string[] = []
    const room = await bootRoom([
      subscriber('Circle', (event) => {
        calls += 1
        return call(() => room.events.publish(event))
      }),
      subscriber('After', () => void seen.push('After')),
    ])

    await room.events.publish(new OrderPlaced())

    assert.equal(calls, 100)
    assert.equal(seen.length, 100)
    assert.deepEqual(
      room.reports.map(({ error }) => error instanceof PublishCircleError),
      [true],
    )
    await room.events.publish(new OrderPlaced())
    assert.equal(calls, 200)
  })
})

describe('events: an event published inside of a subscriber', () => {
  it('reaches its own subscribers at once, and the outer event goes on to its next one', async () => {
    class CardCharged {}
    const seen: string[] = []
    const room = await bootRoom([
      subscriber('Charge', async () => {
        seen.push('Charge')
        await room.events.publish(new CardCharged())
        seen.push('Charge ends')
      }),
      subscriber('Book', () => void seen.push('Book'), [CardCharged]),
      subscriber('Ship', () => void seen.push('Ship')),
    ])

    await room.events.publish(new OrderPlaced())

    assert.deepEqual(seen, ['Charge', 'Book', 'Ship', 'Charge ends'])
  })
})

describe('events: a hostile event', () => {
  it('is frozen: subscribers receive it, and a deferred one an instance again', async () => {
    const seen: unknown[] = []
    const deferred = subscriber('Later', (event) => void seen.push({ ...event }), [OrderPlaced], true)
    const { events, jobs } = await bootRoom([deferred, subscriber('Now', (event) => void seen.push(event))])
    const event = Object.freeze(new OrderPlaced('7'))

    await events.publish(event)
    await events.perform('Later', 'OrderPlaced', jobs[0]!.data)

    assert.deepEqual(seen, [event, { orderId: '7' }])
  })

  it('has fields named like those that tell its class: it reaches the subscribers of its class', async () => {
    const seen: object[] = []
    const { events } = await bootRoom([subscriber('Now', (event) => void seen.push(event))])
    const event = Object.assign(new OrderPlaced(), { constructor: 'Robot', prototype: 1, name: 'x' })

    await events.publish(event)

    assert.deepEqual(seen, [event])
  })

  it('throws when it is looked at: the publish rejects and does not throw', async () => {
    const { events } = await bootRoom([])
    const moody = new Proxy(new OrderPlaced(), {
      get() {
        throw new Error('not today')
      },
      getPrototypeOf() {
        throw new Error('not today')
      },
    })

    await assert.rejects(events.publish(moody), /not today/)
  })

  it('is of no class: without a prototype, an array, a plain object', async () => {
    const { events } = await bootRoom([])

    for (const odd of [Object.create(null), [], {}, undefined]) {
      await assert.rejects(events.publish(odd), NotAnEventError)
    }
  })

  it('is larger than a job may be: the publish rejects with the reason, and the others have run', async () => {
    const seen: string[] = []
    const { rage } = makeRage({ deferred: { maxArgsBytes: 10_000 } })
    rage.register(
      subscriber('Later', () => undefined, [OrderPlaced], true),
      subscriber('Now', () => void seen.push('Now')),
    )
    await rage.boot()

    await assert.rejects(rage.events.publish(new OrderPlaced('x'.repeat(20_000))), (error) => {
      assert.ok(error instanceof DeferredSubscriberError)
      assert.equal((error.cause as { code: string }).code, 'RAGE_DEFERRED_ARGS_TOO_LARGE')
      return true
    })
    assert.deepEqual(seen, ['Now'])
  })

  it('shares its name with another class: the second one is refused where it would become a job', async () => {
    const base = class Event {}
    const make = () => class GiftPlaced extends base {}
    const { events, jobs } = await bootRoom([subscriber('Later', () => undefined, [base], true)])
    await events.publish(new (make())())

    await assert.rejects(
      events.publish(new (make())()),
      (error) => (error as Error).cause instanceof DuplicateNameError,
    )
    assert.equal(jobs.length, 1)
  })

  it('is revived as something else: the job fails, and says so', async () => {
    class Paid {
      static revive(): unknown {
        return { paid: true }
      }
    }
    const { events } = await bootRoom([subscriber('Later', () => undefined, [Paid], true)])

    await assert.rejects(events.perform('Later', 'Paid', { event: {} }), BadReviveError)
  })
})

describe('events: a subscriber of Object', () => {
  it('receives every event', async () => {
    const seen: object[] = []
    const { events } = await bootRoom([subscriber('All', (event) => void seen.push(event), [Object])])
    const event = new OrderPlaced()

    await events.publish(event)

    assert.deepEqual(seen, [event])
  })
})

describe('events: many subscribers', () => {
  it('are all called, in order, whether synchronous or not', async () => {
    const seen: number[] = []
    const many = Array.from({ length: 1_000 }, (_, index) =>
      subscriber(`Number${index}`, () => {
        seen.push(index)
        return index % 3 === 0 ? Promise.resolve() : undefined
      }),
    )
    const { events, scope } = makeRoom(many)
    await events.service.boot()

    await runInContext(new Context({ kind: 'request', scope, requestId: 'r' }), () =>
      events.publish(new OrderPlaced()),
    )

    assert.deepEqual(seen, [...many.keys()])
  })
})
