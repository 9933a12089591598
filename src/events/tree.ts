/** What `rage events` prints: the known event classes, by inheritance, and who runs when one is published. */
import { isKindOf } from './plan'
import type { EventClass, SubscriberClass } from './subscriber'
import { isTrait } from './trait'

/** A subscriber that receives an event, and because of which class or trait in its `on`. */
export interface SubscriberNode {
  readonly name: string
  /** Runs as a job. */
  readonly deferred: boolean
  readonly via: string
}

export interface EventNode {
  readonly name: string
  /** A trait stands for every class that has it. */
  readonly isTrait: boolean
  /** Names of the traits it has, of those that subscribers name. */
  readonly traits: readonly string[]
  /** In order of registration, which is the order they are called in. */
  readonly subscribers: readonly SubscriberNode[]
  /** Known classes whose nearest known base class this is, by name. */
  readonly children: readonly EventNode[]
}

/** @param types the known event classes; classes in between that nobody named are left out. */
export function eventTree(
  types: readonly EventClass[],
  subscribers: readonly SubscriberClass[],
): EventNode[] {
  const known = new Set(types)
  const traits = types.filter(isTrait)
  const under = new Map<EventClass | null, EventClass[]>()
  for (const type of types) {
    const base = nearestBase(type, known)
    const siblings = under.get(base)
    if (siblings === undefined) under.set(base, [type])
    else siblings.push(type)
  }
  const nodesUnder = (base: EventClass | null): EventNode[] =>
    (under.get(base) ?? [])
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((type) => ({
        name: type.name || 'anonymous class',
        isTrait: isTrait(type),
        traits: isTrait(type) ? [] : traits.filter((one) => isKindOf(type, one)).map(({ name }) => name),
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

function nearestBase(type: EventClass, known: ReadonlySet<EventClass>): EventClass | null {
  for (
    let base: EventClass | null = Object.getPrototypeOf(type);
    base !== null;
    base = Object.getPrototypeOf(base)
  ) {
    if (known.has(base)) return base
  }
  return null
}
