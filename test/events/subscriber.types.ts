/** What must compile, and what must not: a subscriber's `call` takes every event of its `on`. */
import type { Rage } from '../../src'
import { type EventMeta, type Events, Subscriber, type TraitBase, trait } from '../../src/events'

declare const events: Events
declare const rage: Rage

class OrderPlaced {
  readonly orderId: string = ''
}
class GiftPlaced extends OrderPlaced {
  readonly note: string = ''
}
class UserRemoved {
  readonly userId: string = ''
}
const Audited = trait(
  <B extends TraitBase>(Base: B) =>
    class extends Base {
      readonly actor: string = ''
    },
)
class StaffRemoved extends Audited(UserRemoved) {}

class Exact extends Subscriber {
  static override on = [OrderPlaced]
  call(event: OrderPlaced, { context }: EventMeta): unknown {
    return [event.orderId, context]
  }
}
events.register(Exact)

class Wider extends Subscriber {
  static override on = [GiftPlaced]
  async call(event: OrderPlaced): Promise<void> {
    void event
  }
}
events.register(Wider)

class WithoutParameters extends Subscriber {
  static override on = [OrderPlaced, UserRemoved]
  call(): void {}
}
events.register(WithoutParameters)

class Union extends Subscriber {
  static override on = [OrderPlaced, UserRemoved]
  call(event: OrderPlaced | UserRemoved): unknown {
    return event instanceof OrderPlaced ? event.orderId : event.userId
  }
}
events.register(Union)

class OfTrait extends Subscriber {
  static override on = [Audited]
  call(event: InstanceType<typeof Audited>): string {
    return event.actor
  }
}
events.register(OfTrait)

// What a trait gives is typed, and nothing but that.
declare const byTrait: InstanceType<typeof Audited>
byTrait.actor satisfies string
// @ts-expect-error it is a text
byTrait.actor satisfies number
// @ts-expect-error not every class that is audited is that of users
void byTrait.userId

const Signed = trait(function Signed<B extends TraitBase>(Base: B) {
  abstract class Signing extends Base {
    readonly signature: string = ''
    abstract signer(): string
  }
  return Signing
})

class Misspells extends Subscriber {
  static override on = [Audited, Signed]
  static {
    this.rescueFrom(RangeError, (_error, _subscriber, event) => [
      'actor' in event ? event.actor : event.signer(),
      // @ts-expect-error neither of them has it
      event.signatur,
    ])
  }
  call(event: InstanceType<typeof Audited> | InstanceType<typeof Signed>): unknown {
    if ('actor' in event) {
      // @ts-expect-error the field is called actor
      return event.acter
    }
    // @ts-expect-error signer() answers a text
    return event.signer() * 2
  }
}
events.register(Misspells)

class TraitTooMany extends Subscriber {
  static override on = [Audited, Signed]
  call(event: InstanceType<typeof Audited>): string {
    return event.actor
  }
}
// @ts-expect-error what is signed need not be audited
events.register(TraitTooMany)

class Frozen extends Subscriber {
  static override on = [OrderPlaced] as const
  static override deferred = true as const
  call(event: OrderPlaced): void {
    void event
  }
}
events.register(Frozen)

class Wrong extends Subscriber {
  static override on = [UserRemoved]
  call(event: OrderPlaced): void {
    void event
  }
}
// @ts-expect-error call() takes an OrderPlaced, `on` says UserRemoved
events.register(Wrong)

class Narrower extends Subscriber {
  static override on = [OrderPlaced]
  call(event: GiftPlaced): void {
    void event
  }
}
// @ts-expect-error not every OrderPlaced is a GiftPlaced
events.register(Narrower)

class Half extends Subscriber {
  static override on = [OrderPlaced, UserRemoved]
  call(event: OrderPlaced): void {
    void event
  }
}
// @ts-expect-error UserRemoved is missing in call()
events.register(Half)

class WrongTrait extends Subscriber {
  static override on = [Audited]
  call(event: OrderPlaced): void {
    void event
  }
}
// @ts-expect-error what is audited need not be an order
events.register(WrongTrait)

class Declared extends Subscriber<OrderPlaced> {
  static override on = [OrderPlaced]
  // @ts-expect-error the class says Subscriber<OrderPlaced>
  call(event: UserRemoved): void {
    void event
  }
}
void Declared

// @ts-expect-error a subscriber has a method call
class NoCall extends Subscriber {
  static override on = [OrderPlaced]
}
void NoCall

class Rescues extends Subscriber {
  static override on = [OrderPlaced]
  static {
    this.rescueFrom(RangeError, 'tryLater')
    this.rescueFrom([TypeError, RangeError], (error, subscriber, event) => [
      error.message,
      subscriber.tryLater(),
      event.orderId,
    ])
    // @ts-expect-error no such method
    this.rescueFrom(RangeError, 'tryLatr')
  }
  call(event: OrderPlaced): void {
    void event
  }
  tryLater(): void {}
}
events.register(Rescues)

void events.publish(new StaffRemoved(), { context: { source: 'web' } })
// @ts-expect-error an event is an object
void events.publish('placed')

const audited: unknown = new StaffRemoved()
if (audited instanceof Audited) audited.actor satisfies string

// Of several events, their union; of a class with a trait, both.
class OfBoth extends Subscriber {
  static override on = [OrderPlaced, Audited]
  call(event: OrderPlaced | InstanceType<typeof Audited>): string {
    return 'actor' in event ? event.actor : event.orderId
  }
}
class OfStaff extends Subscriber {
  static override on = [StaffRemoved]
  call(event: StaffRemoved): string[] {
    return [event.actor, event.userId]
  }
}
class OnlyActor extends Subscriber {
  static override on = [OrderPlaced, Audited]
  call(event: { readonly actor: string }): string {
    return event.actor
  }
}
// What a subclass inherits is checked with it.
class Inherits extends Exact {}
// @ts-expect-error call() of the base class takes no UserRemoved
class InheritsWrong extends Exact {
  static override on = [OrderPlaced, UserRemoved]
}

rage.subscribe(OfBoth).subscribe(OfStaff).subscribe(Inherits)
// @ts-expect-error not every OrderPlaced is audited
rage.subscribe(OnlyActor)
void InheritsWrong

rage.register(OfBoth, OfStaff, Inherits, WithoutParameters)
rage.register()
// @ts-expect-error the second one: call() takes an OrderPlaced, `on` says UserRemoved
rage.register(Exact, Wrong)
declare const list: readonly (typeof Exact)[]
rage.register(...list)

void rage.load('app/subscribers')
void rage.load(new URL('file:///app'))
// @ts-expect-error a folder
void rage.load(OfBoth)
