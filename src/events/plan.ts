/** Which subscribers an event of one class meets; found once per class and kept, also when there are none. */
import { type DeclaredRescue, rescuesOf } from './rescue'
import type { EventClass, SubscriberClass } from './subscriber'

/** One subscriber, as publishing needs it. */
export interface Entry {
  readonly type: SubscriberClass
  readonly name: string
  /** Nearest first. */
  readonly rescues: readonly DeclaredRescue[]
}

export interface EventPlan {
  readonly type: EventClass
  /** Name of the event's class. */
  readonly event: string
  /** Nobody subscribes. */
  readonly isEmpty: boolean
  /** Called by the publisher, in order of registration. */
  readonly here: readonly Entry[]
  /** Run as jobs. */
  readonly deferred: readonly Entry[]
  /** Publishes of this class that have not ended; kept by InFlight. */
  running: number
}

export function planFor(type: EventClass, subscribers: Iterable<SubscriberClass>): EventPlan {
  const meeting = [...subscribers].filter((subscriber) =>
    subscriber.on.some((wanted) => isKindOf(type, wanted)),
  )
  const here = meeting.filter((subscriber) => !subscriber.deferred).map(entryOf)
  const deferred = meeting.filter((subscriber) => subscriber.deferred).map(entryOf)
  return { type, event: type.name, isEmpty: meeting.length === 0, here, deferred, running: 0 }
}

export function entryOf(type: SubscriberClass): Entry {
  return { type, name: type.name, rescues: rescuesOf(type) }
}

/** `type` is `wanted`, extends it or has it as a trait. `instanceof` asks `Symbol.hasInstance`, too. */
export function isKindOf(type: EventClass, wanted: EventClass): boolean {
  return type === wanted || type.prototype instanceof wanted
}
