/**
 * The events of one runtime: which subscribers there are, who hears of a published event, and how a job
 * comes back to its subscriber. Calling them is in delivery.ts.
 */
import type { Codecs } from '../codec'
import { Context, currentContext, type EffectGate, ownRequestId, runInContext } from '../context'
import {
  type Clock,
  createService,
  didYouMean,
  LifecycleError,
  RegistrationClosedError,
  Registry,
  type Scope,
  type Service,
} from '../kernel'
import type { Logger } from '../logger'
import type { ErrorReports, SpanPoint, Telemetry } from '../telemetry'
import type { Deferral } from './deferral'
import { Delivery, done } from './delivery'
import {
  InvalidSubscriberError,
  NoDeferralError,
  NotAnEventError,
  UnknownEventError,
  UnknownSubscriberError,
} from './errors'
import { EventNames } from './event-names'
import { type EventPlan, entryOf, planFor } from './plan'
import { rescuesOf } from './rescue'
import { type EventClass, type EventMeta, type Fitting, Subscriber, type SubscriberClass } from './subscriber'
import { type EventData, reviveEvent } from './travel'
import { type EventNode, eventTree } from './tree'

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

export interface PublishOptions {
  /** Handed to every subscriber as `meta.context`; copied and frozen. For deferred ones it holds what arguments of jobs may hold. Default `{}`. */
  readonly context?: Readonly<Record<string, unknown>>
}

export class Events {
  readonly service: Service
  readonly #scope: Scope
  readonly #deferral: Deferral | null
  readonly #point: SpanPoint
  readonly #delivery: Delivery
  readonly #subscribers = new Registry<SubscriberClass>('subscriber')
  readonly #names = new EventNames()
  readonly #plans = new Map<EventClass, EventPlan>()
  #isCompiled = false
  // What was published last: most publishers repeat one class, and this spares them the look-up.
  #lastType: unknown = null
  #lastPlan: EventPlan | null = null

  constructor(world: EventsWorld) {
    this.#scope = world.scope
    this.#deferral = world.deferral
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
      // Publishes that nobody awaits may outlive the request that made them.
      drain: (deadline) => this.#delivery.inFlight.drain(deadline, this.#plans.values()),
    })
  }

  /**
   * Adds a subscriber class. Its `call` must take every event of its `on`, which the types check.
   *
   * @throws InvalidSubscriberError, DuplicateNameError, RegistrationClosedError (after boot)
   */
  register<S extends SubscriberClass>(type: S & Fitting<S>): void {
    refuseInvalid(type)
    this.#subscribers.add(type.name, type)
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
   * @returns resolves when the subscribers in this process have ended and the jobs are durable.
   * @throws DeferredSubscriberError, after all others have run, when a job could not be written (also reported,
   *         and no unhandled rejection when nobody awaits); NotAnEventError; LifecycleError before boot.
   *         Always as a rejection.
   * Emits `events.event.publish`, and per subscriber `events.subscriber.process`.
   */
  publish(event: object, options?: PublishOptions): Promise<void> {
    // Hot path: bench/events.mjs. Nothing is allocated here unless a gate, telemetry or a context needs it.
    let plan = this.#lastPlan
    if (plan === null || event?.constructor !== this.#lastType) {
      try {
        plan = this.#planOf(event)
      } catch (error) {
        return Promise.reject(error)
      }
    }
    const meta = options?.context === undefined ? noMeta : metaOf(options.context)
    const context = currentContext()
    if (context !== null && context.gate !== null) return this.#pass(context.gate, plan, event, meta)
    return this.#point.idle ? this.#deliver(plan, event, meta) : this.#observe(plan, event, meta)
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
    const context = currentContext()
    await (context !== null && context.scope === this.#scope
      ? work()
      : inOwnContext(context, this.#scope, work))
  }

  /** The known event classes with their subscribers, for `rage events`. */
  tree(): readonly EventNode[] {
    const subscribers = [...this.#subscribers.values()]
    const types = new Set([...this.#names.classes(), ...subscribers.flatMap((subscriber) => subscriber.on)])
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
  }

  #planOf(event: object): EventPlan {
    if (!this.#isCompiled)
      throw new LifecycleError({ name: 'events', phase: this.service.phase, wanted: 'publish' })
    const type = typeof event === 'object' && event !== null ? (event.constructor as unknown) : null
    if (typeof type !== 'function' || type === Object) throw new NotAnEventError({ given: event })
    let plan = this.#plans.get(type as EventClass)
    if (plan === undefined) {
      plan = planFor(type as EventClass, this.#subscribers.values())
      this.#plans.set(plan.type, plan)
    }
    this.#lastType = type
    this.#lastPlan = plan
    return plan
  }

  #pass(gate: EffectGate, plan: EventPlan, event: object, meta: EventMeta): Promise<void> {
    return gate.pass<Promise<void>>({
      kind: 'event',
      target: plan.event,
      payload: event,
      perform: () => (this.#point.idle ? this.#deliver(plan, event, meta) : this.#observe(plan, event, meta)),
      held: () => done,
    })
  }

  #observe(plan: EventPlan, event: object, meta: EventMeta): Promise<void> {
    return this.#point.run({ event: plan.event }, () => this.#deliver(plan, event, meta))
  }

  #deliver(plan: EventPlan, event: object, meta: EventMeta): Promise<void> {
    if (plan.isEmpty) return done
    const context = currentContext()
    if (context !== null && context.scope === this.#scope) return this.#delivery.start(plan, event, meta)
    return inOwnContext(context, this.#scope, () => this.#delivery.start(plan, event, meta))
  }
}

const noMeta: EventMeta = Object.freeze({ context: Object.freeze({}) })

function metaOf(context: EventMeta['context']): EventMeta {
  return { context: Object.freeze({ ...context }) }
}

/** Work caused from outside of this runtime gets a context of its own, closed when the work has ended. */
function inOwnContext(around: Context | null, scope: Scope, work: () => Promise<void>): Promise<void> {
  const requestId = around?.requestId ?? ownRequestId()
  const context = new Context({ ...around, kind: 'subscriber', scope, requestId })
  if (around !== null) {
    context.fields = around.fields
    context.gate = around.gate
    context.attributes = around.attributes
  }
  const ended = runInContext(context, work)
  const close = (): void => {
    context.closed = true
  }
  if (ended === done) close()
  else ended.then(close, close)
  return ended
}

function refuseInvalid(type: SubscriberClass): void {
  const refuse = (reason: string): never => {
    throw new InvalidSubscriberError({ subscriber: type?.name || 'anonymous class', reason })
  }
  if (typeof type !== 'function' || !(type.prototype instanceof Subscriber))
    refuse('does not extend Subscriber')
  if (type.name === '') refuse('needs a name')
  if (!Array.isArray(type.on) || type.on.length === 0) refuse('has no events in "static on"')
  const odd = type.on.findIndex((wanted) => typeof wanted !== 'function')
  if (odd !== -1)
    refuse(`has ${String(type.on[odd])} at on[${odd}], not a class (do two files import each other?)`)
  if (typeof type.prototype.call !== 'function') refuse('has no method call(event, meta)')
  for (const { handler } of rescuesOf(type)) {
    const isMissing =
      typeof handler === 'string' && typeof Reflect.get(type.prototype, handler) !== 'function'
    if (isMissing) refuse(`has no method "${handler}" for its rescueFrom`)
  }
}
