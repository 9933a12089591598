/**
 * Brings one event to its subscribers: calls those of this process, hands the deferred ones to the queue,
 * and sees to what they throw. Which subscribers those are was settled by the plan.
 */
import type { Codecs } from '../codec'
import { isThenable, warnOnce } from '../kernel'
import type { ErrorReports, SpanPoint } from '../telemetry'
import type { Deferral } from './deferral'
import { NotRevivableError } from './errors'
import type { EventNames } from './event-names'
import { InFlight } from './in-flight'
import type { Entry, EventPlan } from './plan'
import { Publication } from './publication'
import { findRescue } from './rescue'
import type { EventMeta, Subscriber } from './subscriber'
import { dumpEvent, type EventData } from './travel'

/** What a delivery needs of its runtime. */
export interface DeliveryWorld {
  readonly errors: ErrorReports
  readonly deferral: Deferral | null
  readonly names: EventNames
  readonly codecs: Codecs
  /** `events.subscriber.process`. */
  readonly point: SpanPoint
}

/** One subscriber at work on one event. */
interface Call {
  readonly entry: Entry
  /** `null`: its constructor threw. */
  readonly subscriber: Subscriber | null
  /** Name of the event's class. */
  readonly name: string
  readonly event: object
}

/** Shared by every publish that has nothing to wait for. */
export const done: Promise<void> = Promise.resolve()

export class Delivery {
  readonly inFlight = new InFlight()
  readonly #errors: ErrorReports
  readonly #deferral: Deferral | null
  readonly #names: EventNames
  readonly #codecs: Codecs
  readonly #point: SpanPoint

  constructor(world: DeliveryWorld) {
    this.#errors = world.errors
    this.#deferral = world.deferral
    this.#names = world.names
    this.#codecs = world.codecs
    this.#point = world.point
  }

  /**
   * Starts every subscriber. Jobs first: they take the event as it was published, and the disk is at work while
   * the others run.
   *
   * @returns `done` itself when nothing is left to wait for. @throws DeferredSubscriberError as a rejection.
   */
  start(plan: EventPlan, event: object, meta: EventMeta): Promise<void> {
    // Hot path: bench/events.mjs. Without promises among the outcomes nothing but the subscribers is allocated.
    const { here, event: name } = plan
    let publication = plan.deferred.length === 0 ? null : this.#enqueue(plan, event, meta)
    for (let index = 0; index < here.length; index++) {
      const entry = here[index]!
      let subscriber: Subscriber | null = null
      let outcome: unknown
      try {
        subscriber = new entry.type()
        outcome = this.#point.idle
          ? subscriber.call(event, meta)
          : this.#observe({ entry, subscriber, name, event }, meta, false)
      } catch (error) {
        outcome = this.#recover({ entry, subscriber, name, event }, error)
      }
      if (outcome === undefined || !isThenable(outcome)) continue
      publication ??= new Publication(plan, this.inFlight)
      this.#await(publication, outcome, { entry, subscriber, name, event })
    }
    if (publication === null) return done
    publication.end()
    return publication.settled
  }

  /** One deferred subscriber, in its job: an error that no rescue takes is the job's. */
  async perform(entry: Entry, event: object, meta: EventMeta): Promise<void> {
    const subscriber = new entry.type()
    try {
      await (this.#point.idle
        ? subscriber.call(event, meta)
        : this.#observe({ entry, subscriber, name: event.constructor.name, event }, meta, true))
    } catch (error) {
      const handler = findRescue(entry.rescues, error)
      if (handler === null) throw error
      await handler(error, subscriber, event)
    }
  }

  #await(publication: Publication, outcome: PromiseLike<unknown>, call: Call): void {
    // Promise.resolve: what a query builder or another library returns may run code in `then`.
    publication.add(Promise.resolve(outcome), (error) => this.#recover(call, error))
  }

  #observe({ entry, subscriber, name, event }: Call, meta: EventMeta, deferred: boolean): unknown {
    return this.#point.run({ event: name, subscriber: entry.name, deferred }, () =>
      subscriber!.call(event, meta),
    )
  }

  /** `null`, or a promise of the handler's end. Neither throws nor rejects: what a handler throws is reported. */
  #recover({ entry, subscriber, name, event }: Call, error: unknown): Promise<void> | null {
    const report = (failure: unknown): null => {
      this.#errors.report(failure, { event: name, subscriber: entry.name, deferred: false })
      return null
    }
    const handler = subscriber === null ? null : findRescue(entry.rescues, error)
    if (handler === null) return report(error)
    try {
      const handled = handler(error, subscriber!, event)
      return isThenable(handled)
        ? Promise.resolve(handled).then(nothing, (failure) => void report(failure))
        : null
    } catch (failure) {
      return report(failure)
    }
  }

  #enqueue(plan: EventPlan, event: object, meta: EventMeta): Publication {
    const publication = new Publication(plan, this.inFlight)
    let data: EventData | null = null
    for (const { name } of plan.deferred) {
      const missing = (error: unknown): null => {
        publication.missing(name, error)
        this.#errors.report(error, { event: plan.event, subscriber: name, deferred: true })
        return null
      }
      try {
        data ??= this.#dump(plan, event, meta)
        // The plan of a deferred subscriber exists only where boot found a queue.
        publication.add(this.#deferral!.enqueue(name, plan.event, data), missing)
      } catch (error) {
        missing(error)
      }
    }
    return publication
  }

  #dump({ type, event: name }: EventPlan, event: object, meta: EventMeta): EventData {
    if (name === '')
      throw new NotRevivableError({
        event: 'anonymous class',
        path: 'event',
        problem: 'is of a class without a name',
      })
    if (!this.#names.has(type)) {
      this.#names.add(type)
      warnOnce(
        'RAGE_W020',
        `"${name}" went to a deferred subscriber that names only a base class or trait of it: after a restart its ` +
          `job waits until one is published again. Call rage.events.declare(${name}) before boot.`,
        name,
      )
    }
    return dumpEvent(event, type, meta, this.#codecs)
  }
}

const nothing = (): void => undefined
