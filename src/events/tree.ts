/** What `rage events` prints: the known event classes, by inheritance, and who reacts to each. */
import { isKindOf } from './plan'
import type { EventClass, SubscriberClass } from './subscriber'

/** A subscriber that receives an event, and because of which class or trait in its `on`. */
export interface SubscriberNode {
  readonly name: string
  readonly deferred: boolean
  readonly via: string
}

export interface EventNode {
  readonly name: string
  /** In order of registration. */
  readonly subscribers: readonly SubscriberNode[]
  /** Known classes whose nearest known base class this is, by name. */
  readonly children: readonly EventNode[]
}

/** @param types the known event classes; classes in between that nobody named are left out. */
export function eventTree(
  types: readonly EventClass[],
  subscribers: readonly SubscriberClass[],
): EventNode[] {
  const under = new Map<EventClass | null, EventClass[]>()
  for (const type of types) {
    const base = nearestBase(type, types)
    under.set(base, [...(under.get(base) ?? []), type])
  }
  const nodesUnder = (base: EventClass | null): EventNode[] =>
    (under.get(base) ?? [])
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((type) => ({
        name: type.name,
        subscribers: subscribersOf(type, subscribers),
        children: nodesUnder(type),
      }))
  return nodesUnder(null)
}

function subscribersOf(type: EventClass, subscribers: readonly SubscriberClass[]): SubscriberNode[] {
  return subscribers.flatMap((subscriber) => {
    const via = subscriber.on.find((wanted) => isKindOf(type, wanted))
    return via === undefined ? [] : [{ name: subscriber.name, deferred: subscriber.deferred, via: via.name }]
  })
}

function nearestBase(type: EventClass, known: readonly EventClass[]): EventClass | null {
  for (
    let base: EventClass | null = Object.getPrototypeOf(type);
    base !== null;
    base = Object.getPrototypeOf(base)
  ) {
    if (known.includes(base)) return base
  }
  return null
}
