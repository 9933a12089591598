import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Context, currentContext, type Effect, type EffectGate, runInContext } from '../../src/context'
import {
  type EventMeta,
  NotAnEventError,
  Subscriber,
  type SubscriberClass,
  type TraitBase,
  trait,
} from '../../src/events'
import { LifecycleError, Scope } from '../../src/kernel'
import { type Span, type SpanResult, TelemetryHandler } from '../../src/telemetry'
import { bootRoom, makeRoom } from './support'

class OrderPlaced {
  readonly orderId: string
  constructor(orderId = '7') {
    this.orderId = orderId
  }
}

/** A turn of the event loop that no subscriber can hurry. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Subscriber classes of one test write down what they see here. */
function recorder(): {
  seen: unknown[]
  on: (name: string, ...on: (abstract new (...args: never[]) => object)[]) => SubscriberClass
} {
  const seen: unknown[] = []
  return {
    seen,
    on: (name, ...on) => {
      const type = class extends Subscriber {
        static override on = on
        call(): void {
          seen.push(name)
        }
      }
      Object.defineProperty(type, 'name', { value: name })
      return type
    },
  }
}

describe('events: publish', () => {
  it('calls every subscriber of the event with the event itself, in order of registration', async () => {
    const calls: [string, object][] = []
    class UpdateInventory extends Subscriber {
      static override on = [OrderPlaced]
      call(event: OrderPlaced): void {
        calls.push(['UpdateInventory', event])
      }
    }
    class WriteInvoice extends Subscriber {
      static override on = [OrderPlaced]
      call(event: OrderPlaced): void {
        calls.push(['WriteInvoice', event])
      }
    }
    const { events } = await bootRoom([WriteInvoice, UpdateInventory])
    const event = new OrderPlaced('7')

    await events.publish(event)

    assert.deepEqual(
      calls.map(([name]) => name),
      ['WriteInvoice', 'UpdateInventory'],
    )
    assert.equal(calls[0]![1], event)
    assert.equal(calls[1]![1], event)
  })

  it('makes a new instance of the subscriber for each event', async () => {
    const instances = new Set<object>()
    class Counting extends Subscriber {
      static override on = [OrderPlaced]
      call(): void {
        instances.add(this)
      }
    }
    const { events } = await bootRoom([Counting])

    await events.publish(new OrderPlaced())
    await events.publish(new OrderPlaced())

    assert.equal(instances.size, 2)
  })

  it('hands the context of the publish to each subscriber, frozen, and leaves the given object alone', async () => {
    const metas: EventMeta[] = []
    class Listening extends Subscriber {
      static override on = [OrderPlaced]
      call(_event: OrderPlaced, meta: EventMeta): void {
        metas.push(meta)
      }
    }
    const { events } = await bootRoom([Listening])
    const given = { source: 'web' }

    await events.publish(new OrderPlaced(), { context: given })
    await events.publish(new OrderPlaced())

    assert.deepEqual(metas, [{ context: { source: 'web' } }, { context: {} }])
    assert.ok(metas.every(({ context }) => Object.isFrozen(context)))
    assert.ok(!Object.isFrozen(given))
  })

  it('starts all subscribers at once and resolves when the slowest has ended', async () => {
    const steps: string[] = []
    const slow = (name: string, turns: number): SubscriberClass => {
      const type = class extends Subscriber {
        static override on = [OrderPlaced]
        async call(): Promise<void> {
          steps.push(`${name} starts`)
          for (let index = 0; index < turns; index++) await turn()
          steps.push(`${name} ends`)
        }
      }
      Object.defineProperty(type, 'name', { value: name })
      return type
    }
    const { events } = await bootRoom([slow('long', 3), slow('short', 1)])

    await events.publish(new OrderPlaced())

    assert.deepEqual(steps, ['long starts', 'short starts', 'short ends', 'long ends'])
  })

  it('waits for a thenable that is not a promise, such as a query builder', async () => {
    let isRun = false
    class Lazy extends Subscriber {
      static override on = [OrderPlaced]
      call(): unknown {
        return {
          // biome-ignore lint/suspicious/noThenProperty: query builders have one
          then(resolve: () => void) {
            isRun = true
            resolve()
          },
        }
      }
    }
    const { events } = await bootRoom([Lazy])

    await events.publish(new OrderPlaced())

    assert.equal(isRun, true)
  })

  it('resolves when nobody subscribes', async () => {
    const { events, reports } = await bootRoom([])

    assert.equal(await events.publish(new OrderPlaced()), undefined)
    assert.deepEqual(reports, [])
  })

  it('rejects what is not an instance of a class', async () => {
    const { events } = await bootRoom([])

    await assert.rejects(events.publish({ orderId: '7' }), NotAnEventError)
    await assert.rejects(events.publish(OrderPlaced), NotAnEventError)
    await assert.rejects(events.publish(null as unknown as object), NotAnEventError)
    await assert.rejects(
      events.publish('placed' as unknown as object),
      /RAGE_EVENTS_NOT_AN_EVENT: 'placed' was published/,
    )

    await events.publish(new OrderPlaced())
    await assert.rejects(events.publish(null as unknown as object), NotAnEventError)
    await assert.rejects(events.publish(undefined as unknown as object), NotAnEventError)
  })

  it('rejects before boot', async () => {
    const { events } = makeRoom([])

    await assert.rejects(events.publish(new OrderPlaced()), LifecycleError)
  })
})

describe('events: whom an event reaches', () => {
  class Base {}
  class OrderEvent extends Base {}
  class OrderShipped extends OrderEvent {}

  it('subscribers of its class and of each base class', async () => {
    const { seen, on } = recorder()
    const { events } = await bootRoom([
      on('of Base', Base),
      on('of OrderEvent', OrderEvent),
      on('of OrderShipped', OrderShipped),
    ])

    await events.publish(new OrderShipped())
    assert.deepEqual(seen, ['of Base', 'of OrderEvent', 'of OrderShipped'])

    seen.length = 0
    await events.publish(new OrderEvent())
    assert.deepEqual(seen, ['of Base', 'of OrderEvent'])
  })

  it('one call per subscriber, however many of its classes match', async () => {
    const { seen, on } = recorder()
    const { events } = await bootRoom([on('all', OrderShipped, OrderEvent, Base, OrderShipped)])

    await events.publish(new OrderShipped())

    assert.deepEqual(seen, ['all'])
  })

  it('subscribers of a trait that its class or a base class has', async () => {
    const Audited = trait(<B extends TraitBase>(Class: B) => class extends Class {})
    class UserRemoved extends Audited(Object) {}
    class StaffRemoved extends UserRemoved {}
    class OrderRefunded extends Audited(OrderEvent) {}
    const { seen, on } = recorder()
    const { events } = await bootRoom([on('of the trait', Audited), on('of OrderEvent', OrderEvent)])

    await events.publish(new StaffRemoved())
    assert.deepEqual(seen, ['of the trait'])

    seen.length = 0
    await events.publish(new OrderRefunded())
    assert.deepEqual(seen, ['of the trait', 'of OrderEvent'])

    seen.length = 0
    await events.publish(new OrderShipped())
    assert.deepEqual(seen, ['of OrderEvent'])
  })

  it('subscribers of the class that a plain mixin made', async () => {
    const mixin = <B extends TraitBase>(Class: B) => class extends Class {}
    const MixedOrder = mixin(OrderEvent)
    class OrderPacked extends MixedOrder {}
    const { seen, on } = recorder()
    const { events } = await bootRoom([on('of the mixed class', MixedOrder)])

    await events.publish(new OrderPacked())

    assert.deepEqual(seen, ['of the mixed class'])
  })

  it('an instance of a trait, as instanceof says', () => {
    const Audited = trait(<B extends TraitBase>(Class: B) => class extends Class {})
    class UserRemoved extends Audited(Object) {}

    assert.ok(new UserRemoved() instanceof Audited)
    assert.ok(!(new OrderShipped() instanceof Audited))
    assert.equal(Audited(Base), Audited(Base))
  })

  it('only subscribers of the runtime that published it', async () => {
    const { seen, on } = recorder()
    const one = await bootRoom([on('one', Base)])
    await bootRoom([on('two', Base)])

    await one.events.publish(new Base())

    assert.deepEqual(seen, ['one'])
  })
})

describe('events: a subscriber that throws', () => {
  class PaymentError extends Error {}
  class DeclinedError extends PaymentError {}

  it('disturbs neither the publisher nor the other subscribers, and is reported', async () => {
    const { seen, on } = recorder()
    class Throws extends Subscriber {
      static override on = [OrderPlaced]
      call(): void {
        throw new Error('no stock')
      }
    }
    class Rejects extends Subscriber {
      static override on = [OrderPlaced]
      async call(): Promise<void> {
        await turn()
        throw new Error('no paper')
      }
    }
    class CannotBeMade extends Subscriber {
      static override on = [OrderPlaced]
      readonly broken = (() => {
        throw new Error('no parts')
      })()
      call(): void {}
    }
    const { events, reports } = await bootRoom([Throws, Rejects, CannotBeMade, on('last', OrderPlaced)])

    await events.publish(new OrderPlaced())

    assert.deepEqual(seen, ['last'])
    assert.deepEqual(
      reports.map(({ error, facts }) => [(error as Error).message, facts]),
      [
        ['no stock', { event: 'OrderPlaced', subscriber: 'Throws', deferred: false }],
        ['no parts', { event: 'OrderPlaced', subscriber: 'CannotBeMade', deferred: false }],
        ['no paper', { event: 'OrderPlaced', subscriber: 'Rejects', deferred: false }],
      ],
    )
  })

  it('has its error handled by the nearest rescueFrom: the last declared, and its own before the inherited', async () => {
    const handled: unknown[] = []
    class Charging extends Subscriber {
      static override on = [OrderPlaced]
      static {
        this.rescueFrom(Error, () => handled.push('inherited'))
      }
      call(event: OrderPlaced): void {
        throw event.orderId === 'declined' ? new DeclinedError() : new Error(event.orderId)
      }
    }
    class Charge extends Charging {
      static {
        this.rescueFrom([TypeError, PaymentError], (error, subscriber, event: OrderPlaced) =>
          handled.push([error.constructor.name, subscriber.constructor.name, event.orderId]),
        )
        this.rescueFrom(RangeError, 'never')
      }
      never(): void {
        handled.push('never')
      }
    }
    const { events, reports } = await bootRoom([Charge])

    await events.publish(new OrderPlaced('declined'))
    await events.publish(new OrderPlaced('other'))

    assert.deepEqual(handled, [['DeclinedError', 'Charge', 'declined'], 'inherited'])
    assert.deepEqual(reports, [])
  })

  it('has its rescueFrom handler awaited, also when that is a method by name', async () => {
    const handled: string[] = []
    class Charge extends Subscriber {
      static override on = [OrderPlaced]
      static {
        this.rescueFrom(PaymentError, 'tryLater')
      }
      async call(): Promise<void> {
        await turn()
        throw new PaymentError('declined')
      }
      async tryLater(error: Error, event: OrderPlaced): Promise<void> {
        await turn()
        handled.push(`${error.message} ${event.orderId}`)
      }
    }
    const { events } = await bootRoom([Charge])

    await events.publish(new OrderPlaced('7'))

    assert.deepEqual(handled, ['declined 7'])
  })

  it('is reported with what its handler throws', async () => {
    class Sync extends Subscriber {
      static override on = [OrderPlaced]
      static {
        this.rescueFrom(Error, () => {
          throw new Error('worse')
        })
      }
      call(): void {
        throw new Error('bad')
      }
    }
    class Async extends Sync {
      static {
        this.rescueFrom(Error, async () => {
          await turn()
          throw new Error('worse, later')
        })
      }
    }
    const { events, reports } = await bootRoom([Sync, Async])

    await events.publish(new OrderPlaced())

    assert.deepEqual(
      reports.map(({ error }) => (error as Error).message),
      ['worse', 'worse, later'],
    )
  })
})

describe('events: the context of a subscriber', () => {
  const contexts: (Context | null)[] = []
  class Looking extends Subscriber {
    static override on = [OrderPlaced]
    async call(): Promise<void> {
      contexts.push(currentContext())
      await turn()
      contexts.push(currentContext())
    }
  }

  it("is the publisher's, when it belongs to the same runtime", async () => {
    contexts.length = 0
    const { events, scope } = await bootRoom([Looking])
    const request = new Context({ kind: 'request', scope, requestId: 'req-1' })

    await runInContext(request, () => events.publish(new OrderPlaced()))

    assert.deepEqual(contexts, [request, request])
    assert.equal(request.closed, false)
  })

  it('is a new one with a request id of its own outside of any unit of work, closed when the publish ends', async () => {
    contexts.length = 0
    const { events, scope } = await bootRoom([Looking])

    await events.publish(new OrderPlaced())
    await events.publish(new OrderPlaced())

    const [first, , second] = contexts
    assert.equal(first?.kind, 'subscriber')
    assert.equal(first?.scope, scope)
    assert.match(first?.requestId ?? '', /^[\w-]{10,255}$/)
    assert.notEqual(first?.requestId, second?.requestId)
    assert.equal(first?.closed, true)
  })

  it("keeps the request id and belongs to this runtime when published from another runtime's request", async () => {
    contexts.length = 0
    const { events, scope } = await bootRoom([Looking])
    const foreign = new Context({
      kind: 'request',
      scope: new Scope('other'),
      requestId: 'req-2',
      tags: ['web'],
    })

    await runInContext(foreign, () => events.publish(new OrderPlaced()))

    assert.equal(contexts[0]?.scope, scope)
    assert.equal(contexts[0]?.requestId, 'req-2')
    assert.deepEqual(contexts[0]?.tags, ['web'])
  })
})

describe('events: under a gate', () => {
  class Recording implements EffectGate {
    readonly effects: Effect[] = []
    pass<Result>(effect: Effect<Result>): Result {
      this.effects.push(effect)
      return effect.held()
    }
  }

  it('the publish is one effect, and no subscriber runs until the gate performs it', async () => {
    const { seen, on } = recorder()
    const { events, scope } = await bootRoom([on('listener', OrderPlaced)])
    const gate = new Recording()
    const request = new Context({ kind: 'request', scope, requestId: 'req-1' })
    request.gate = gate
    const event = new OrderPlaced('7')

    await runInContext(request, () => events.publish(event))
    assert.deepEqual(seen, [])
    assert.equal(gate.effects.length, 1)
    const [effect] = gate.effects
    assert.deepEqual([effect?.kind, effect?.target, effect?.payload], ['event', 'OrderPlaced', event])

    await effect?.perform()
    assert.deepEqual(seen, ['listener'])
  })
})

describe('events: telemetry', () => {
  it('has a span for the publish and one for each subscriber, with how it ended', async () => {
    const spans: [string, object, unknown][] = []
    class Watching extends TelemetryHandler {
      static {
        this.handle('events.*')
      }
      async call(span: Span, next: () => Promise<SpanResult>): Promise<void> {
        const { error } = await next()
        spans.push([span.name, span.attributes, error])
      }
    }
    const failure = new Error('no stock')
    class Fails extends Subscriber {
      static override on = [OrderPlaced]
      call(): void {
        throw failure
      }
    }
    const { on } = recorder()
    const { events, reports } = await bootRoom([Fails, on('Works', OrderPlaced)], { handlers: [Watching] })

    await events.publish(new OrderPlaced())
    await turn()

    const byName = new Map(
      spans.map((span) => [`${span[0]} ${(span[1] as { subscriber?: string }).subscriber ?? ''}`, span]),
    )
    assert.deepEqual(byName.get('events.event.publish '), [
      'events.event.publish',
      { event: 'OrderPlaced', subscribers: 2, deferred: 0 },
      null,
    ])
    assert.deepEqual(byName.get('events.subscriber.process Fails'), [
      'events.subscriber.process',
      { event: 'OrderPlaced', subscriber: 'Fails', deferred: false },
      failure,
    ])
    assert.deepEqual(byName.get('events.subscriber.process Works')?.[2], null)
    assert.deepEqual(
      reports.map(({ error }) => error),
      [failure],
    )
  })
})
