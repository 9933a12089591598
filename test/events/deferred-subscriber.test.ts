import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import {
  DeferredSubscriberError,
  type EventMeta,
  NoDeferralError,
  NotRevivableError,
  Subscriber,
  UnknownEventError,
  UnknownSubscriberError,
} from '../../src/events'
import { DuplicateNameError } from '../../src/kernel'
import { bootRoom, makeRoom } from './support'

class OrderPlaced {
  readonly orderId: string
  readonly lines: readonly { readonly sku: string }[]
  constructor(orderId: string, lines: readonly { readonly sku: string }[] = []) {
    this.orderId = orderId
    this.lines = lines
  }
  get label(): string {
    return `order ${this.orderId}`
  }
}

const performed: [object, EventMeta][] = []
class SendReceipt extends Subscriber {
  static override on = [OrderPlaced]
  static override deferred = true
  call(event: OrderPlaced, meta: EventMeta): void {
    performed.push([event, meta])
  }
}

describe('events: a deferred subscriber', () => {
  it('is not called by publish, which resolves once its job is durable', async () => {
    performed.length = 0
    let write = (): void => undefined
    const written = new Promise<void>((resolve) => {
      write = resolve
    })
    const { events } = await bootRoom([SendReceipt], { deferral: { enqueue: () => written } })

    let isPublished = false
    const publish = events.publish(new OrderPlaced('7')).then(() => {
      isPublished = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(isPublished, false)

    write()
    await publish
    assert.deepEqual(performed, [])
  })

  it('receives, in its job, an instance of the event class with its fields and the context of the publish', async () => {
    performed.length = 0
    const { events, jobs } = await bootRoom([SendReceipt])

    await events.publish(new OrderPlaced('7', [{ sku: 'tea' }]), { context: { source: 'web' } })
    assert.deepEqual(jobs, [
      {
        subscriber: 'SendReceipt',
        event: 'OrderPlaced',
        data: { event: { orderId: '7', lines: [{ sku: 'tea' }] }, context: { source: 'web' } },
      },
    ])

    const [job] = jobs
    await events.perform(job!.subscriber, job!.event, job!.data)
    const [event, meta] = performed[0]!
    assert.ok(event instanceof OrderPlaced)
    assert.equal(event.label, 'order 7')
    assert.deepEqual(event.lines, [{ sku: 'tea' }])
    assert.deepEqual(meta, { context: { source: 'web' } })
  })

  it('receives fields as they were: dates, maps, bigints, undefined', async () => {
    performed.length = 0
    const fields = { at: new Date(0), stock: new Map([['tea', 7n]]), note: undefined }
    const { events, jobs } = await bootRoom([SendReceipt])

    await events.publish(Object.assign(new OrderPlaced('7'), fields))
    await events.perform('SendReceipt', 'OrderPlaced', jobs[0]!.data)

    assert.deepEqual({ ...performed[0]![0] }, { orderId: '7', lines: [], ...fields })
  })

  it('receives the event as it was published, whatever happened to it afterwards', async () => {
    const stored: unknown[] = []
    const { events } = await bootRoom([SendReceipt], {
      deferral: { enqueue: async (_subscriber, _event, data) => void stored.push(data) },
    })
    const lines = [{ sku: 'tea' }]

    const publish = events.publish(new OrderPlaced('7', lines))
    lines.push({ sku: 'milk' })
    await publish

    assert.deepEqual(stored, [{ event: { orderId: '7', lines: [{ sku: 'tea' }] } }])
  })

  it("receives what the class's own revive makes of its own toJSON", async () => {
    const seen: object[] = []
    class Paid {
      readonly #at: Date
      constructor(at: Date) {
        this.#at = at
      }
      get year(): number {
        return this.#at.getUTCFullYear()
      }
      toJSON(): unknown {
        return this.#at.toISOString()
      }
      static revive(json: string): Paid {
        return new Paid(new Date(json))
      }
    }
    class Book extends Subscriber {
      static override on = [Paid]
      static override deferred = true
      call(event: Paid): void {
        seen.push(event)
        assert.equal(event.year, 2026)
      }
    }
    const { events, jobs } = await bootRoom([Book])

    await events.publish(new Paid(new Date(Date.UTC(2026, 0, 1))))
    await events.perform('Book', 'Paid', jobs[0]!.data)

    assert.ok(seen[0] instanceof Paid)
  })

  it('sets fields on the event and never its prototype', async () => {
    performed.length = 0
    const { events } = await bootRoom([SendReceipt])
    const data = JSON.parse('{ "event": { "__proto__": { "isAdmin": true }, "label": "mine" } }')

    await events.perform('SendReceipt', 'OrderPlaced', data)

    const event = performed[0]![0] as OrderPlaced & { isAdmin?: boolean }
    assert.ok(event instanceof OrderPlaced)
    assert.equal(event.isAdmin, undefined)
    assert.equal(event.label, 'mine')
  })

  it('runs beside those of this process', async () => {
    const seen: string[] = []
    class UpdateInventory extends Subscriber {
      static override on = [OrderPlaced]
      async call(): Promise<void> {
        seen.push('UpdateInventory')
      }
    }
    const { events, jobs } = await bootRoom([SendReceipt, UpdateInventory])

    await events.publish(new OrderPlaced('7'))

    assert.deepEqual(seen, ['UpdateInventory'])
    assert.deepEqual(
      jobs.map(({ subscriber }) => subscriber),
      ['SendReceipt'],
    )
  })
})

describe('events: a job that cannot be written', () => {
  const full = new Error('ENOSPC')

  it('rejects the publish after every other subscriber has run, naming the subscriber', async () => {
    const seen: string[] = []
    class Slow extends Subscriber {
      static override on = [OrderPlaced]
      async call(): Promise<void> {
        await new Promise((resolve) => setImmediate(resolve))
        seen.push('Slow')
      }
    }
    const { events, reports } = await bootRoom([SendReceipt, Slow], {
      deferral: { enqueue: () => Promise.reject(full) },
    })

    await assert.rejects(events.publish(new OrderPlaced('7')), (error) => {
      assert.ok(error instanceof DeferredSubscriberError)
      assert.deepEqual(error.facts, { event: 'OrderPlaced', subscribers: ['SendReceipt'] })
      assert.equal(error.cause, full)
      return true
    })
    assert.deepEqual(seen, ['Slow'])
    assert.deepEqual(reports, [
      { error: full, facts: { event: 'OrderPlaced', subscriber: 'SendReceipt', deferred: true } },
    ])
  })

  it('does so too when the queue throws at once, and other jobs are written', async () => {
    class Archive extends Subscriber {
      static override on = [OrderPlaced]
      static override deferred = true
      call(): void {}
    }
    const written: string[] = []
    const { events } = await bootRoom([SendReceipt, Archive], {
      deferral: {
        enqueue: async (subscriber) => void written.push(subscriber),
      },
    })
    const { events: failing } = await bootRoom([SendReceipt, Archive], {
      deferral: {
        enqueue: (subscriber) => {
          if (subscriber === 'SendReceipt') throw full
          written.push(subscriber)
          return Promise.resolve()
        },
      },
    })

    await events.publish(new OrderPlaced('7'))
    await assert.rejects(failing.publish(new OrderPlaced('7')), DeferredSubscriberError)

    assert.deepEqual(written, ['SendReceipt', 'Archive', 'Archive'])
  })

  it('does not end the process when nobody awaits the publish', async () => {
    const { events, reports } = await bootRoom([SendReceipt], {
      deferral: { enqueue: () => Promise.reject(full) },
    })
    const unhandled: unknown[] = []
    const listen = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', listen)

    void events.publish(new OrderPlaced('7'))
    for (let index = 0; index < 3; index++) await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', listen)

    assert.deepEqual(unhandled, [])
    assert.equal(reports.length, 1)
  })

  it.each([
    ["a class of one's own", { order: new OrderPlaced('7') }, 'event.order', 'is an OrderPlaced'],
    ['a RegExp inside of a list', { list: [1, /x/] }, 'event.list[1]', 'is a RegExp'],
    ['a function', { run: () => 1 }, 'event.run', 'is a function'],
  ])('because of a field that would come back changed: %s', async (_what, fields, path, problem) => {
    class Odd {}
    class Later extends Subscriber {
      static override on = [Odd]
      static override deferred = true
      call(): void {}
    }
    const { events, jobs } = await bootRoom([Later])

    await assert.rejects(events.publish(Object.assign(new Odd(), fields)), (error) => {
      assert.ok(error instanceof DeferredSubscriberError)
      assert.ok(error.cause instanceof NotRevivableError)
      assert.deepEqual(error.cause.facts, { event: 'Odd', path, problem })
      return true
    })
    assert.deepEqual(jobs, [])
  })

  it('because of a circular reference, without overflowing the stack', async () => {
    class Odd {
      readonly self: unknown[] = [this]
    }
    class Later extends Subscriber {
      static override on = [Odd]
      static override deferred = true
      call(): void {}
    }
    const { events } = await bootRoom([Later])

    await assert.rejects(
      events.publish(new Odd()),
      (error) => (error as Error).cause instanceof NotRevivableError,
    )
  })
})

describe('events: performing the job of a deferred subscriber', () => {
  class TimeoutError extends Error {}
  class Fails extends Subscriber {
    static override on = [OrderPlaced]
    static override deferred = true
    call(event: OrderPlaced): void {
      throw event.orderId === 'slow' ? new TimeoutError('slow') : new Error('no printer')
    }
  }

  it('throws what the subscriber throws, so that the job is retried, and reports nothing itself', async () => {
    const { events, reports } = await bootRoom([Fails])

    await assert.rejects(events.perform('Fails', 'OrderPlaced', { event: { orderId: '7' } }), /no printer/)
    assert.deepEqual(reports, [])
  })

  it('is done when rescueFrom took the error', async () => {
    const rescued: string[] = []
    class Rescues extends Fails {
      static {
        this.rescueFrom(TimeoutError, async (error) => void rescued.push(error.message))
      }
    }
    const { events } = await bootRoom([Rescues])

    await events.perform('Rescues', 'OrderPlaced', { event: { orderId: 'slow' } })
    await assert.rejects(events.perform('Rescues', 'OrderPlaced', { event: { orderId: '7' } }), /no printer/)

    assert.deepEqual(rescued, ['slow'])
  })

  it('refuses a subscriber or an event that is not known, with the nearest name', async () => {
    const { events } = await bootRoom([SendReceipt])
    const data = { event: {} }

    await assert.rejects(events.perform('SendReciept', 'OrderPlaced', data), (error) => {
      assert.ok(error instanceof UnknownSubscriberError)
      assert.match(error.message, /Did you mean "SendReceipt"\?/)
      return true
    })
    await assert.rejects(events.perform('SendReceipt', 'OrderPlacd', data), (error) => {
      assert.ok(error instanceof UnknownEventError)
      assert.match(error.message, /Did you mean "OrderPlaced"\?/)
      return true
    })
  })

  it('knows, after a restart, a subclass that was declared', async () => {
    performed.length = 0
    class GiftPlaced extends OrderPlaced {}
    const before = await bootRoom([SendReceipt])
    await before.events.publish(new GiftPlaced('7'))
    const [job] = before.jobs

    const forgetful = await bootRoom([SendReceipt])
    await assert.rejects(forgetful.events.perform('SendReceipt', 'GiftPlaced', job!.data), UnknownEventError)

    const after = makeRoom([SendReceipt])
    after.events.declare(GiftPlaced)
    await after.events.service.boot()
    await after.events.perform('SendReceipt', 'GiftPlaced', job!.data)
    assert.ok(performed[0]![0] instanceof GiftPlaced)
  })
})

describe('events: boot with deferred subscribers', () => {
  it('is refused without a queue', async () => {
    const { events } = makeRoom([SendReceipt], { deferral: null })

    await assert.rejects(events.service.boot(), NoDeferralError)
  })

  it('is refused when two event classes have one name', async () => {
    const twin = { OrderPlaced: class OrderPlaced {} }
    class Other extends Subscriber {
      static override on = [twin.OrderPlaced]
      call(): void {}
    }
    const { events } = makeRoom([SendReceipt, Other])

    await assert.rejects(events.service.boot(), DuplicateNameError)
  })
})
