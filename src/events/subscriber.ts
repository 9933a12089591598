/**
 * What users extend to react to events, and the types that hold `on` and `call` together: a class whose
 * `call` does not take every event it is `on` is refused where it is registered.
 */
import type { AnyClass } from '../kernel'
import type { PublishContext } from './publish-context'
import { declareRescue, type RescueHandler } from './rescue'

/** A class of events, or a trait. Events need no base class. */
export type EventClass = AnyClass

/** What a subscriber is told besides the event. */
export interface EventMeta {
  /** What the publisher passed as `context`; frozen, `{}` when nothing was. Its type is that of `EventContext`. */
  readonly context: PublishContext
}

/**
 * Reacts to events. One new instance per event; in which order subscribers end is not defined.
 *
 *     class UpdateInventory extends Subscriber {
 *       static on = [OrderPlaced]
 *       async call(event: OrderPlaced, { context }: EventMeta) { ... }
 *     }
 *
 * In-process subscribers run in the publisher's context: same request id, log tags and `Current`
 * attributes. Outside of any unit of work each publish gets a context and request id of its own.
 */
export abstract class Subscriber<Event extends object = object> {
  /** Event classes and traits. An instance of a subclass counts; several matches are one call. */
  static readonly on: readonly EventClass[] = []

  /** `true`: runs as a job, with retries, after `publish` has resolved. @defaultValue `false` */
  static readonly deferred: boolean = false

  /**
   * Of a deferred one, as `static` of a task: `retries`, `retryIn`, `timeout`, `queue`, `priority`, `concurrency`,
   * `rateLimit`. Left out = as a task that says nothing.
   */
  declare static readonly retries?: number
  declare static readonly retryIn?: (error: unknown, attempt: number) => number | false
  declare static readonly timeout?: number | null
  declare static readonly queue?: string
  declare static readonly priority?: number
  declare static readonly concurrency?: number | null
  declare static readonly rateLimit?: { readonly max: number; readonly per: number } | null

  /** What it throws goes to `rescueFrom` handlers, then to error reports; for a job, to its retries. */
  abstract call(event: Event, meta: EventMeta): unknown

  /**
   * Handles errors of these classes thrown by `call`; the nearest declaration wins. A job whose error was
   * handled is done; what the handler throws takes the error's place.
   *
   *     static { this.rescueFrom(TimeoutError, 'tryLater') }
   *
   * @param handler a method by name, called with the error and the event, or `(error, subscriber, event) => ...`.
   */
  static rescueFrom<S extends Subscriber, E extends object>(
    this: abstract new () => S,
    types: (abstract new (...args: never[]) => E) | readonly (abstract new (...args: never[]) => E)[],
    handler: (keyof S & string) | ((error: E, subscriber: S, event: Parameters<S['call']>[0]) => unknown),
  ): void {
    const list = (Array.isArray(types) ? types : [types]) as readonly AnyClass[]
    // The types above hold for whoever declares; the list stores handlers of any class.
    declareRescue(this, { types: list, handler: handler as RescueHandler | string })
  }
}

/** A class that can be registered: it extends `Subscriber` and needs no arguments. */
export type SubscriberClass = Pick<typeof Subscriber, 'on' | 'deferred' | 'retries' | 'retryIn' | 'timeout'> &
  Pick<typeof Subscriber, 'queue' | 'priority' | 'concurrency' | 'rateLimit'> & {
    readonly name: string
  } & (new () => Subscriber)

type EventsOn<S extends SubscriberClass> = S['on'][number] extends infer C
  ? C extends abstract new (
      ...args: never[]
    ) => infer E
    ? E
    : never
  : never

/** A `call` without parameters takes everything. */
type EventOfCall<S extends SubscriberClass> =
  Parameters<InstanceType<S>['call']> extends readonly [] ? object : Parameters<InstanceType<S>['call']>[0]

/** `S`, when its `call` takes every event of its `on`; otherwise a type that nothing fits, which says why. */
export type Fitting<S extends SubscriberClass> = [EventsOn<S>] extends [EventOfCall<S>]
  ? S
  : { readonly 'call() must take every event in "static on"': EventsOn<S> }
