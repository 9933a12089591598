/**
 * The subscribers of one event class as one function, made once: each link calls its subscriber and then the next link.
 *
 * Hot path: bench/events.mjs. While subscribers are synchronous, nothing but their instances is allocated. `link` and
 * `lastLink` differ in their end only: V8 keeps what it learns per place in the code, and with two places the classes of
 * two subscribers are known apart (half the time of a loop over them). Code made from strings would give each class a
 * place of its own; it gains less than a tenth of a publish, and an app may forbid it.
 */
import { isThenable } from '../kernel'
import type { Entry, EventPlan } from './plan'
import type { Publication } from './publication'
import type { EventMeta, Subscriber } from './subscriber'

/** Shared by every publish that has nothing to wait for. */
export const done: Promise<void> = Promise.resolve()

/**
 * Calls the subscribers from one on; never throws. `publication` is `null` while there is nothing to wait for.
 *
 * @returns resolves when none is left to wait for: `done` itself, or what `publication` says.
 */
export type Link = (event: object, meta: EventMeta, publication: Publication | null) => Promise<void>

/** What links need of the delivery. None of it throws, and what it returns never rejects. */
export interface ChainWorld {
  /** Opens a publication. */
  open(): Publication
  /**
   * Sees to an error; `null` when nothing is left to wait for.
   *
   * @param subscriber `null` when its constructor threw, or when it rescues nothing.
   */
  recover(entry: Entry, subscriber: Subscriber | null, event: object, error: unknown): Promise<void> | null
  /** `null`: nobody listens to spans of subscribers. Else calls `subscriber` inside one. */
  readonly observe: ((entry: Entry, subscriber: Subscriber, event: object, meta: EventMeta) => unknown) | null
}

/** The chain of `here`, which may be empty. */
export function chainOf(here: EventPlan['here'], world: ChainWorld): Link {
  const last = here.at(-1)
  if (last === undefined) return end
  if (world.observe !== null || here.some(({ rescues }) => rescues.length > 0)) return loop(here, world)
  return here.slice(0, -1).reduceRight((next, entry) => link(entry, next, world), lastLink(last, world))
}

const end: Link = (_event, _meta, publication) => (publication === null ? done : publication.close())

// The instance is named nowhere else, so that V8 need not make one where it inlines the call.
function link(entry: Entry, next: Link, world: ChainWorld): Link {
  const { type } = entry
  return (event, meta, publication) => {
    let outcome: unknown
    try {
      outcome = new type().call(event, meta)
    } catch (error) {
      outcome = world.recover(entry, null, event, error)
    }
    if (typeof outcome !== 'object' || outcome === null) return next(event, meta, publication)
    return next(event, meta, waitFor(outcome, publication, world, entry, null, event))
  }
}

function lastLink(entry: Entry, world: ChainWorld): Link {
  const { type } = entry
  return (event, meta, publication) => {
    let outcome: unknown
    try {
      outcome = new type().call(event, meta)
    } catch (error) {
      outcome = world.recover(entry, null, event, error)
    }
    if (typeof outcome !== 'object' || outcome === null)
      return publication === null ? done : publication.close()
    return end(event, meta, waitFor(outcome, publication, world, entry, null, event))
  }
}

/** The same, for subscribers that rescue errors, and for those who listen to spans. */
function loop(here: EventPlan['here'], world: ChainWorld): Link {
  const { observe } = world
  return (event, meta, given) => {
    let publication = given
    for (const entry of here) {
      let subscriber: Subscriber | null = null
      let outcome: unknown
      try {
        subscriber = new entry.type()
        outcome = observe === null ? subscriber.call(event, meta) : observe(entry, subscriber, event, meta)
      } catch (error) {
        outcome = world.recover(entry, subscriber, event, error)
      }
      if (typeof outcome === 'object' && outcome !== null)
        publication = waitFor(outcome, publication, world, entry, subscriber, event)
    }
    return end(event, meta, publication)
  }
}

/**
 * `outcome` may be an object of any kind, also one whose `then` throws when it is looked at. Positions, and no object of
 * names: one would be made for every asynchronous subscriber.
 */
function waitFor(
  outcome: object,
  publication: Publication | null,
  world: ChainWorld,
  entry: Entry,
  subscriber: Subscriber | null,
  event: object,
): Publication | null {
  let promise: Promise<unknown>
  try {
    if (!isThenable(outcome)) return publication
    // Promise.resolve: what a query builder or another library returns may run code in `then`.
    promise = Promise.resolve(outcome)
  } catch (error) {
    promise = Promise.reject(error)
  }
  const open = publication ?? world.open()
  open.add(promise, (error) => {
    const recovery = world.recover(entry, subscriber, event, error)
    if (recovery === null) open.ended()
    else recovery.then(open.ended)
  })
  return open
}
