/**
 * Brings one event to its subscribers: calls those of this process, hands the deferred ones to the queue,
 * and sees to what they throw. Which subscribers those are was settled by the plan.
 */
import type { Codecs } from '../codec'
import { isThenable, warnOnce } from '../kernel'
import type { ErrorReports, SpanPoint } from '../telemetry'
import { type ChainWorld, chainOf, done } from './chain'
import type { Deferral } from './deferral'
import { NotRevivableError } from './errors'
import type { EventNames } from './event-names'
import { InFlight } from './in-flight'
import type { Audience, Entry, EventPlan } from './plan'
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
  readonly point: SpanPoint<'events.subscriber.process'>
}

const nobody = (): Promise<void> => done

export class Delivery {
  readonly inFlight = new InFlight()
  readonly #errors: ErrorReports
  readonly #deferral: Deferral | null
  readonly #names: EventNames
  readonly #codecs: Codecs
  readonly #point: SpanPoint<'events.subscriber.process'>

  constructor(world: DeliveryWorld) {
    this.#errors = world.errors
    this.#deferral = world.deferral
    this.#names = world.names
    this.#codecs = world.codecs
    this.#point = world.point
  }

  /**
   * Compiles what publishing an event of one class does. Jobs first: they take the event as it was published, and the
   * disk is at work while the others run. Called after spans are settled, at the first publish of the class.
   */
  compile(audience: Audience): EventPlan {
    const plan: EventPlan = { ...audience, running: 0, run: nobody }
    if (plan.here.length === 0 && plan.deferred.length === 0) return plan
    const chain = chainOf(plan.here, this.#chainWorld(plan))
    plan.run =
      plan.deferred.length === 0
        ? chain
        : (event, meta) => chain(event, meta, this.#enqueue(plan, event, meta))
    return plan
  }

  /** One deferred subscriber, in its job: an error that no rescue takes is the job's. */
  async perform(entry: Entry, event: object, meta: EventMeta): Promise<void> {
    const subscriber = new entry.type()
    try {
      await (this.#point.idle
        ? subscriber.call(event, meta)
        : this.#point.run({ event: event.constructor.name, subscriber: entry.name, deferred: true }, () =>
            subscriber.call(event, meta),
          ))
    } catch (error) {
      const handler = findRescue(entry.rescues, error)
      if (handler === null) throw error
      await handler(error, subscriber, event)
    }
  }

  #chainWorld(plan: EventPlan): ChainWorld {
    const point = this.#point
    return {
      open: () => new Publication(plan, this.inFlight),
      recover: (entry, subscriber, event, error) =>
        this.#recover(plan.event, entry, { subscriber, event, error }),
      observe: point.idle
        ? null
        : ({ name }, subscriber, event, meta) =>
            point.run({ event: plan.event, subscriber: name, deferred: false }, () =>
              subscriber.call(event, meta),
            ),
    }
  }

  /** `null`, or a promise of the handler's end. Neither throws nor rejects: what a handler throws is reported. */
  #recover(name: string, entry: Entry, { subscriber, event, error }: Failure): Promise<void> | null {
    const report = (failure: unknown): null => {
      this.#errors.report(failure, { event: name, subscriber: entry.name, deferred: false })
      return null
    }
    try {
      const handler = subscriber === null ? null : findRescue(entry.rescues, error)
      if (handler === null) return report(error)
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
      const missing = (error: unknown): void => {
        publication.missing(name, error)
        this.#errors.report(error, { event: plan.event, subscriber: name, deferred: true })
      }
      try {
        data ??= this.#dump(plan, event, meta)
        // The plan of a deferred subscriber exists only where boot found a queue.
        publication.add(this.#deferral!.enqueue(name, plan.event, data), (error) => {
          missing(error)
          publication.ended()
        })
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

interface Failure {
  /** `null`: its constructor threw, or it rescues nothing. */
  readonly subscriber: Subscriber | null
  readonly event: object
  readonly error: unknown
}

const nothing = (): void => undefined
