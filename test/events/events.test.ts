import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { InvalidSubscriberError, Subscriber, type SubscriberClass } from '../../src/events'
import { DuplicateNameError, RegistrationClosedError } from '../../src/kernel'
import { bootRoom, makeRoom } from './support'

class Base {}
class OrderPlaced extends Base {}
class GiftPlaced extends OrderPlaced {}

class OnBase extends Subscriber {
  static override on = [Base]
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
    const placed = (() => new Base()) as unknown as typeof Base
    class Arrow extends Subscriber {
      static override on = [placed]
      call(): void {}
    }
    class NoRescued extends OnBase {
      static {
        this.rescueFrom([RangeError, undefined as unknown as typeof Error], () => undefined)
      }
    }
    class NothingRescued extends OnBase {
      static {
        this.rescueFrom([], () => undefined)
      }
    }
    class NoFunction extends OnBase {
      static {
        this.rescueFrom(RangeError, undefined as unknown as () => void)
      }
    }
    Object.setPrototypeOf(NoCall, Subscriber)
    Object.setPrototypeOf(NoCall.prototype, Subscriber.prototype)

    refuse(Base, /"Base" does not extend Subscriber/)
    refuse(undefined, /does not extend Subscriber/)
    refuse(NoEvents, /has no events in "static on"/)
    refuse(Circular, /has undefined at on\[1\], not a class \(do two files import each other\?\)/)
    refuse(Arrow, /has the function "placed" at on\[0\], not a class/)
    refuse(NoCall, /has no method call/)
    refuse(NoHandler, /has no method "tryLater" for its rescueFrom/)
    refuse(NoRescued, /has a rescueFrom of undefined, not a class \(do two files import each other\?\)/)
    refuse(NothingRescued, /has a rescueFrom of undefined, not a class/)
    refuse(NoFunction, /has a rescueFrom whose handler is undefined/)
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

  it('lets requests and jobs that are ending publish, and waits for what they started before', async () => {
    const seen: string[] = []
    class Late extends Subscriber {
      static override on = [OrderPlaced]
      call(): void {
        seen.push('Late')
      }
    }
    const { events } = await bootRoom([Late])
    await events.service.drain(new AbortController().signal)

    await events.publish(new OrderPlaced())

    assert.deepEqual(seen, ['Late'])
  })
})

describe('events: stop', () => {
  it('ends publishing: a later publish is refused and reported, and ends no process that does not await it', async () => {
    const seen: string[] = []
    class Listening extends Subscriber {
      static override on = [Base]
      call(): void {
        seen.push('Listening')
      }
    }
    const { events, reports } = await bootRoom([Listening])
    await events.publish(new Base())
    const unhandled: unknown[] = []
    const listen = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', listen)
    await events.service.stop()

    void events.publish(new Base())
    await assert.rejects(
      events.publish(new Base()),
      /RAGE_KERNEL_LIFECYCLE: "events" is stopped and cannot publish/,
    )
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', listen)

    assert.deepEqual(seen, ['Listening'])
    assert.equal(reports.length, 2)
    assert.deepEqual(unhandled, [])
  })

  it('says whose subscribers it leaves behind', async () => {
    class Stuck extends Subscriber {
      static override on = [Base]
      call(): Promise<void> {
        return new Promise(() => undefined)
      }
    }
    const { events, warnings } = await bootRoom([Stuck])
    void events.publish(new OrderPlaced())

    await events.service.stop()

    assert.deepEqual(warnings, [
      [{ events: ['OrderPlaced'] }, 'rage has stopped while subscribers of these events were running'],
    ])
  })
})
