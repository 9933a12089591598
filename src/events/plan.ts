/** Which subscribers an event of one class meets; found once per class and kept, also when there are none. */
import type { Link } from './chain'
import { type DeclaredRescue, rescuesOf } from './rescue'
import type { EventClass, SubscriberClass } from './subscriber'

/** One subscriber, as publishing needs it. */
export interface Entry {
  readonly type: SubscriberClass
  readonly name: string
  /** Nearest first. */
  readonly rescues: readonly DeclaredRescue[]
}

/** Who reacts to events of one class. */
export interface Audience {
  readonly type: EventClass
  /** Name of the event's class. */
  readonly event: string
  /** Called by the publisher, in order of registration. */
  readonly here: readonly Entry[]
  /** Run as jobs. */
  readonly deferred: readonly Entry[]
}

export interface EventPlan extends Audience {
  /** Brings one event to all of them. */
  run: Link
  /** Publishes of this class that have not ended; kept by InFlight. */
  running: number
}

export function audienceOf(type: EventClass, subscribers: Iterable<SubscriberClass>): Audience {
  const meeting = [...subscribers].filter((subscriber) =>
    subscriber.on.some((wanted) => isKindOf(type, wanted)),
  )
  const here = meeting.filter((subscriber) => !subscriber.deferred).map(entryOf)
  const deferred = meeting.filter((subscriber) => subscriber.deferred).map(entryOf)
  return { type, event: type.name, here, deferred }
}

export function entryOf(type: SubscriberClass): Entry {
  return { type, name: type.name, rescues: rescuesOf(type) }
}

/** `type` is `wanted`, extends it or has it as a trait. `instanceof` asks `Symbol.hasInstance`, too. */
export function isKindOf(type: EventClass, wanted: EventClass): boolean {
  return type === wanted || type.prototype instanceof wanted
}
