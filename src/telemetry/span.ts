/**
 * Spans around operations. Rooms own a `SpanPoint` per operation; at boot the handlers that match its name
 * are settled. Without a handler a point costs one comparison and allocates nothing:
 *
 *     return point.idle ? work() : point.run({ task: name }, work)
 *
 * A handler stands beside the operation, not in its way: it can neither change the result nor delay it, and
 * one that throws, rejects or never calls `next` is reported once and otherwise ignored.
 */
import { warnOnce } from '../kernel'
import { matches } from './pattern'

/** The operations that exist; names are public and never change. */
export type SpanName =
  | 'controller.action.process'
  | 'deferred.task.enqueue'
  | 'deferred.task.process'
  | 'deferred.task.progress'
  | 'events.event.publish'
  | 'events.subscriber.process'
  | 'cable.websocket.handshake'
  | 'cable.connection.process'
  | 'cable.action.process'
  | 'cable.stream.broadcast'

export interface Span {
  readonly name: SpanName
  /** Facts known at the start, documented per span. */
  readonly attributes: Readonly<Record<string, unknown>>
}

/** How an operation ended. */
export interface SpanResult {
  /** What it threw or rejected with, or `null`. */
  readonly error: unknown
  readonly durationMs: number
}

/**
 * Extend it, name the spans, register the class:
 *
 *     class Slow extends TelemetryHandler {
 *       static { this.handle('deferred.*', 'controller.action.process') }
 *       async call(span, next) {
 *         const { durationMs } = await next()
 *         if (durationMs > 500) report(span.name, durationMs)
 *       }
 *     }
 */
export abstract class TelemetryHandler {
  /** @internal */
  static patterns: readonly string[] = []

  /** Exact names, or a prefix with `*`: `deferred.*`, `*`. Inherited patterns stay. */
  static handle(...patterns: string[]): void {
    this.patterns = [...this.patterns, ...patterns]
  }

  /** `next()` starts the operation, if it has not started yet, and resolves when it has ended; it never rejects. */
  abstract call(span: Span, next: () => Promise<SpanResult>): unknown
}

export type TelemetryHandlerClass = {
  readonly patterns: readonly string[]
  readonly name: string
} & (new () => TelemetryHandler)

export class SpanPoint {
  readonly name: SpanName
  /** Nobody listens: the caller runs its work directly. */
  idle = true
  #handlers: readonly TelemetryHandler[] = []

  constructor(name: SpanName) {
    this.name = name
  }

  /** Settles who listens; called once, at boot. */
  compile(handlers: readonly TelemetryHandler[]): void {
    this.#handlers = handlers.filter((handler) =>
      (handler.constructor as unknown as TelemetryHandlerClass).patterns.some((pattern) =>
        matches(pattern, this.name),
      ),
    )
    this.idle = this.#handlers.length === 0
  }

  /** Runs `operation` with the handlers around it; returns or throws exactly what it does. */
  run<T>(attributes: Readonly<Record<string, unknown>>, operation: () => T): T {
    const running = new Operation(operation)
    const span: Span = { name: this.name, attributes }
    this.#enter(0, span, running)
    return running.outcome()
  }

  #enter(index: number, span: Span, running: Operation<unknown>): void {
    const handler = this.#handlers[index]
    if (handler === undefined) return running.start()
    let entered = false
    const next = (): Promise<SpanResult> => {
      if (!entered) {
        entered = true
        this.#enter(index + 1, span, running)
      }
      return running.result()
    }
    try {
      const answer = handler.call(span, next)
      if (answer instanceof Promise) answer.catch((error) => complain(handler, span, error))
    } catch (error) {
      complain(handler, span, error)
    }
    if (!entered) void next()
  }
}

function complain(handler: TelemetryHandler, span: Span, error: unknown): void {
  const name = handler.constructor.name
  warnOnce(
    'RAGE_W002',
    `Telemetry handler ${name} failed on ${span.name}: ${String(error)}. The operation went on.`,
    name,
  )
}

/** One run of the wrapped work: started once, its end observed, its outcome handed back untouched. */
class Operation<T> {
  readonly #work: () => T
  #started = false
  #value: T | undefined
  #error: unknown = null
  #threw = false
  #startedAt = 0
  #result: Promise<SpanResult> | null = null

  constructor(work: () => T) {
    this.#work = work
  }

  start(): void {
    if (this.#started) return
    this.#started = true
    this.#startedAt = performance.now()
    try {
      this.#value = this.#work()
    } catch (error) {
      this.#threw = true
      this.#error = error
    }
    this.#result = this.#observe()
  }

  async #observe(): Promise<SpanResult> {
    if (this.#threw) return this.#end(this.#error)
    try {
      await this.#value
      return this.#end(null)
    } catch (error) {
      return this.#end(error)
    }
  }

  #end(error: unknown): SpanResult {
    return { error, durationMs: performance.now() - this.#startedAt }
  }

  result(): Promise<SpanResult> {
    return this.#result ?? Promise.resolve({ error: null, durationMs: 0 })
  }

  outcome(): T {
    if (this.#threw) throw this.#error
    return this.#value as T
  }
}
