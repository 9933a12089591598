/**
 * The events of one runtime: which subscribers there are, who hears of a published event, and how a job
 * comes back to its subscriber. Calling them is in delivery.ts.
 */
import type { Codecs } from '../codec'
import { currentContext, type EffectGate } from '../context'
import {
  type Clock,
  createService,
  type DrainReport,
  didYouMean,
  LifecycleError,
  RegistrationClosedError,
  Registry,
  type Scope,
  type Service,
} from '../kernel'
import type { Logger } from '../logger'
import type { ErrorReports, SpanPoint, Telemetry } from '../telemetry'
import { done } from './chain'
import type { Deferral } from './deferral'
import { Delivery } from './delivery'
import { NoDeferralError, PublishCircleError, UnknownEventError, UnknownSubscriberError } from './errors'
import { EventNames } from './event-names'
import { withContext } from './own-context'
import { audienceOf, type EventPlan, entryOf } from './plan'
import { Plans } from './plans'
import type { PublishArguments, PublishContext } from './publish-context'
import type { EventClass, EventMeta, Fitting, SubscriberClass } from './subscriber'
import { type EventData, reviveEvent } from './travel'
import { type EventNode, eventTree } from './tree'
import { refuseInvalid } from './valid-subscriber'

/** What the runtime gives this room. */
export interface EventsWorld {
  readonly scope: Scope
  readonly clock: Clock
  readonly logger: Logger
  readonly telemetry: Telemetry
  readonly errors: ErrorReports
  /** How events are written into jobs. */
  readonly codecs: Codecs
  /** `null`: this runtime has no queue, and deferred subscribers are refused at boot. */
  readonly deferral: Deferral | null
}

/** Subscribers that publish in a circle would go on until the stack is full; no application nests as deep. */
const deepest = 100

export class Events {
  readonly service: Service
  readonly #scope: Scope
  readonly #deferral: Deferral | null
  readonly #logger: Logger
  readonly #errors: ErrorReports
  readonly #point: SpanPoint<'events.event.publish'>
  readonly #delivery: Delivery
  readonly #subscribers = new Registry<SubscriberClass>('subscriber')
  readonly #names = new EventNames()
  readonly #plans: Plans
  #isCompiled = false
  // What was published last: most publishers repeat one class, and this spares them the look-up.
  #lastType: unknown = null
  #lastPlan: EventPlan | null = null
  /** Publishes of this turn, each inside of a subscriber of the one before. */
  #depth = 0

  constructor(world: EventsWorld) {
    this.#scope = world.scope
    this.#deferral = world.deferral
    this.#logger = world.logger
    this.#errors = world.errors
    this.#point = world.telemetry.point('events.event.publish')
    this.#delivery = new Delivery({
      errors: world.errors,
      deferral: world.deferral,
      names: this.#names,
      codecs: world.codecs,
      point: world.telemetry.point('events.subscriber.process'),
    })
    this.service = createService('events', {
      boot: () => this.#compile(),
      drain: (deadline) => this.#drain(deadline),
      stop: () => this.#stop(),
    })
    this.#plans = new Plans(
      (type) => this.#delivery.compile(audienceOf(type, this.#subscribers.values())),
      () => this.service.phase,
    )
  }

  /**
   * Adds a subscriber class. Its `call` must take every event of its `on`, which the types check.
   *
   * @throws InvalidSubscriberError, DuplicateNameError, RegistrationClosedError (after boot), InvalidOptionError (what a
   * deferred one says of its jobs)
   */
  register<S extends SubscriberClass>(type: S & Fitting<S>): void {
    refuseInvalid(type)
    this.#subscribers.add(type.name, type)
    this.#deferral?.register(type)
  }

  /**
   * Names event classes that no subscriber has in its `on`, such as subclasses of one that is: a job that
   * holds one can then be performed after a restart.
   *
   * @throws DuplicateNameError, RegistrationClosedError (after boot)
   */
  declare(...types: EventClass[]): void {
    for (const type of types) {
      if (this.#isCompiled) throw new RegistrationClosedError({ kind: 'event', name: type.name })
      this.#names.add(type)
    }
  }

  /**
   * Calls every subscriber of the event's class, its base classes and traits: those in this process are
   * started in order of registration and run side by side, deferred ones are written to the queue.
   *
   * Never fails because of a subscriber: what one throws goes to its `rescueFrom`, else to error reports.
   *
   * @param event an instance of a class of yours.
   * @param options `context`: handed to every subscriber as `meta.context`; copied and frozen. For deferred ones it holds
   *         what arguments of jobs may hold. Default `{}`; see `EventContext` for its type.
   * @returns resolves when the subscribers in this process have ended and the jobs are durable.
   * @throws DeferredSubscriberError, after all others have run, when a job could not be written; LifecycleError,
   *         before boot and after the stop; PublishCircleError, 100 publishes inside of each other (all three are also
   *         reported, and no unhandled rejection when nobody awaits); NotAnEventError. Always as a rejection.
   * Emits `events.event.publish`, and per subscriber `events.subscriber.process`.
   */
  publish(event: object, ...options: PublishArguments): Promise<void>
  publish(event: object, options?: PublishOptions): Promise<void> {
    // Hot path: bench/events.mjs. Nothing is allocated here unless a gate, telemetry or a context needs it.
    const depth = this.#depth
    try {
      let plan = this.#lastPlan
      if (plan === null || event?.constructor !== this.#lastType) plan = this.#planOf(event)
      const context = currentContext()
      const isPlain = context !== null && context.gate === null && context.scope === this.#scope
      if (!isPlain || options !== undefined || depth !== 0 || !this.#point.idle)
        return this.#publish(plan, event, options)
      this.#depth = 1
      const published = plan.run(event, noMeta, null)
      this.#depth = 0
      return published
    } catch (error) {
      this.#depth = depth
      return error instanceof LifecycleError || error instanceof PublishCircleError
        ? this.#refuse(error)
        : Promise.reject(error)
    }
  }

  /**
   * Runs one deferred subscriber; what the job made by `Deferral` calls. The event is revived as an instance of
   * its class. An error that no `rescueFrom` takes is thrown, so that the job is retried.
   *
   * @throws UnknownSubscriberError, UnknownEventError (keep the job), and what the subscriber throws.
   * Emits `events.subscriber.process`.
   */
  async perform(subscriber: string, event: string, data: EventData): Promise<void> {
    const type = this.#subscribers.get(subscriber)
    if (type === undefined) {
      throw new UnknownSubscriberError({
        subscriber,
        event,
        hint: didYouMean(subscriber, this.#subscribers.names()),
      })
    }
    const eventType = this.#names.get(event)
    if (eventType === undefined)
      throw new UnknownEventError({ subscriber, event, hint: this.#names.hint(event) })
    const revived = reviveEvent(data, eventType)
    const meta = data.context === undefined ? noMeta : metaOf(data.context)
    const work = (): Promise<void> => this.#delivery.perform(entryOf(type), revived, meta)
    await withContext(this.#scope, work)
  }

  /** The known event classes with their subscribers, for `rage events`: named by subscribers, declared, or published. */
  tree(): readonly EventNode[] {
    const subscribers = [...this.#subscribers.values()]
    const types = new Set([
      ...this.#names.classes(),
      ...subscribers.flatMap((subscriber) => subscriber.on),
      ...this.#plans.types(),
    ])
    return eventTree([...types], subscribers)
  }

  #compile(): void {
    for (const subscriber of this.#subscribers.values()) {
      if (subscriber.deferred && this.#deferral === null)
        throw new NoDeferralError({ subscriber: subscriber.name })
      for (const type of subscriber.on) this.#names.add(type)
    }
    this.#subscribers.close()
    this.#isCompiled = true
    this.#plans.open()
  }

  /** Publishes that nobody awaits may outlive the request that made them. Requests and jobs that end may still publish. */
  #drain(deadline: AbortSignal): Promise<DrainReport> {
    return this.#delivery.inFlight.drain(deadline, this.#plans.values())
  }

  #stop(): void {
    this.#plans.close()
    this.#lastPlan = null
    const events = this.#delivery.inFlight.names(this.#plans.values())
    if (events.length > 0)
      this.#logger.warn({ events }, 'rage has stopped while subscribers of these events were running')
  }

  #planOf(event: object): EventPlan {
    const plan = this.#plans.of(event)
    this.#lastType = plan.type
    this.#lastPlan = plan
    return plan
  }

  /** Whatever is not plain: options, a gate, listeners, no context of this runtime, inside of another publish. */
  #publish(plan: EventPlan, event: object, options: PublishOptions | undefined): Promise<void> {
    const depth = this.#depth
    if (depth >= deepest) throw new PublishCircleError({ event: plan.event, deep: deepest })
    const meta = options?.context === undefined ? noMeta : metaOf(options.context)
    const gate = currentContext()?.gate ?? null
    this.#depth = depth + 1
    const published = gate === null ? this.#observe(plan, event, meta) : this.#pass(gate, plan, event, meta)
    this.#depth = depth
    return published
  }

  #pass(gate: EffectGate, plan: EventPlan, event: object, meta: EventMeta): Promise<void> {
    return gate.pass<Promise<void>>({
      kind: 'event',
      target: plan.event,
      payload: event,
      perform: () => this.#observe(plan, event, meta),
      held: () => done,
    })
  }

  #observe(plan: EventPlan, event: object, meta: EventMeta): Promise<void> {
    if (this.#point.idle) return this.#deliver(plan, event, meta)
    const facts = {
      event: plan.event,
      subscribers: plan.here.length,
      deferred: plan.deferred.length,
    }
    return this.#point.run(facts, () => this.#deliver(plan, event, meta))
  }

  #deliver(plan: EventPlan, event: object, meta: EventMeta): Promise<void> {
    if (plan.here.length + plan.deferred.length === 0) return done
    return withContext(this.#scope, () => plan.run(event, meta, null))
  }

  /** Publishes that nobody awaits must not end the host's process; they are reported instead. */
  #refuse(error: unknown): Promise<void> {
    this.#errors.report(error)
    const refused = Promise.reject(error)
    refused.catch(() => undefined)
    return refused
  }
}

/** What `publish` takes besides the event. */
export interface PublishOptions {
  readonly context?: PublishContext
}

const noMeta: EventMeta = Object.freeze({ context: Object.freeze({}) as PublishContext })

function metaOf(context: PublishContext): EventMeta {
  // What is frozen already is what a publisher repeats.
  return { context: Object.isFrozen(context) ? context : Object.freeze({ ...context }) }
}
