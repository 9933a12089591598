import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import {
  InvalidSubscriberError,
  Subscriber,
  type SubscriberClass,
  type TraitBase,
  trait,
} from '../../src/events'
import { DuplicateNameError, RegistrationClosedError } from '../../src/kernel'
import { bootRoom, makeRoom } from './support'

class Base {}
class OrderPlaced extends Base {}
class GiftPlaced extends OrderPlaced {}

class OnBase extends Subscriber {
  static override on = [Base]
  call(): void {}
}
class OnOrder extends Subscriber {
  static override on = [OrderPlaced]
  static override deferred = true
  call(): void {}
}

describe('events: registration', () => {
  it('of the same class again changes nothing', async () => {
    const calls: string[] = []
    class Once extends Subscriber {
      static override on = [Base]
      call(): void {
        calls.push('Once')
      }
    }
    const { events } = await bootRoom([Once, Once])

    await events.publish(new Base())

    assert.deepEqual(calls, ['Once'])
  })

  it('refuses two classes of one name, because jobs find a subscriber by it', () => {
    const twin = {
      OnBase: class OnBase extends Subscriber {
        static override on = [Base]
        call(): void {}
      },
    }
    const { events } = makeRoom([OnBase])

    assert.throws(() => events.register(twin.OnBase), DuplicateNameError)
  })

  it('ends at boot', async () => {
    const { events } = await bootRoom([])

    assert.throws(() => events.register(OnBase), RegistrationClosedError)
    assert.throws(() => events.declare(GiftPlaced), RegistrationClosedError)
  })

  it('refuses what cannot work, saying why', () => {
    const { events } = makeRoom([])
    const refuse = (type: unknown, reason: RegExp): void => {
      assert.throws(
        () => events.register(type as SubscriberClass),
        (error) => error instanceof InvalidSubscriberError && reason.test(error.message),
      )
    }
    class NoEvents extends Subscriber {
      call(): void {}
    }
    class Circular extends Subscriber {
      static override on = [Base, undefined as unknown as typeof Base]
      call(): void {}
    }
    class NoCall {
      static on = [Base]
    }
    class NoHandler extends OnBase {
      static {
        this.rescueFrom(RangeError, 'tryLater' as 'call')
      }
    }
    Object.setPrototypeOf(NoCall, Subscriber)
    Object.setPrototypeOf(NoCall.prototype, Subscriber.prototype)

    refuse(Base, /"Base" does not extend Subscriber/)
    refuse(undefined, /does not extend Subscriber/)
    refuse(NoEvents, /has no events in "static on"/)
    refuse(Circular, /has undefined at on\[1\], not a class \(do two files import each other\?\)/)
    refuse(NoCall, /has no method call/)
    refuse(NoHandler, /has no method "tryLater" for its rescueFrom/)
  })
})

describe('events: the tree', () => {
  it('nests known classes under their nearest known base class, with who receives them and why', async () => {
    const Audited = trait(function Audited<B extends TraitBase>(Class: B) {
      return class extends Class {}
    })
    class GiftWrapped extends Audited(GiftPlaced) {}
    class OnAudited extends Subscriber {
      static override on = [Audited]
      call(): void {}
    }
    const room = makeRoom([OnBase, OnOrder, OnAudited])
    room.events.declare(GiftWrapped)
    await room.events.service.boot()

    const onBase = { name: 'OnBase', deferred: false, via: 'Base' }
    const onOrder = { name: 'OnOrder', deferred: true, via: 'OrderPlaced' }
    const onAudited = { name: 'OnAudited', deferred: false, via: 'Audited' }
    assert.deepEqual(room.events.tree(), [
      { name: 'Audited', subscribers: [onAudited], children: [] },
      {
        name: 'Base',
        subscribers: [onBase],
        children: [
          {
            name: 'OrderPlaced',
            subscribers: [onBase, onOrder],
            children: [{ name: 'GiftWrapped', subscribers: [onBase, onOrder, onAudited], children: [] }],
          },
        ],
      },
    ])
  })
})

describe('events: drain', () => {
  it('waits for publishes that nobody awaits', async () => {
    let finish = (): void => undefined
    class Slow extends Subscriber {
      static override on = [Base]
      call(): Promise<void> {
        return new Promise((resolve) => {
          finish = resolve
        })
      }
    }
    const { events } = await bootRoom([Slow])
    void events.publish(new Base())

    const drain = events.service.drain(new AbortController().signal)
    finish()

    assert.deepEqual(await drain, { finished: 1, abandoned: [] })
  })

  it('names at the deadline the events whose subscribers still run', async () => {
    class Stuck extends Subscriber {
      static override on = [Base]
      call(): Promise<void> {
        return new Promise(() => undefined)
      }
    }
    const { events } = await bootRoom([Stuck])
    void events.publish(new OrderPlaced())
    const deadline = new AbortController()

    const drain = events.service.drain(deadline.signal)
    deadline.abort()

    assert.deepEqual(await drain, { finished: 0, abandoned: ['OrderPlaced'] })
  })

  it('is over at once when nothing runs', async () => {
    const { events } = await bootRoom([OnBase])
    await events.publish(new Base())

    assert.deepEqual(await events.service.drain(new AbortController().signal), { finished: 0, abandoned: [] })
    await events.service.stop()
  })
})
