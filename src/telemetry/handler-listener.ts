/**
 * A handler of an application as a listener. The handler may do what it likes: the operation starts in the same turn,
 * inside of `next()` if that is called at once; `next()` answers one promise, which never rejects; and what the handler
 * throws, rejects with or keeps the process waiting for is told once.
 */
import { isThenable } from '../kernel'
import { Complaints } from './complaints'
import { Patience } from './patience'
import type { SpanName } from './span-attributes'
import type { Span, SpanListener, SpanResult } from './span-listener'
import type { TelemetryHandler } from './telemetry-handler'

export class HandlerListener implements SpanListener<SpanName, HandlerCall> {
  readonly name: string
  readonly spans: readonly string[] = []
  readonly complaints: Complaints
  readonly patience = new Patience()
  readonly #handler: TelemetryHandler
  #calls = 0
  readonly #rejected = new Map<SpanName, (error: unknown) => void>()

  constructor(handler: TelemetryHandler) {
    this.name = handler.constructor.name
    this.complaints = new Complaints(`handler ${this.name}`)
    this.#handler = handler
  }

  start(span: Span): HandlerCall {
    // Shared by all who listen: none may change what the next one sees.
    Object.freeze(span.attributes)
    return new HandlerCall(Object.freeze(span), this, this.#isWatched())
  }

  within(span: Span, call: HandlerCall, proceed: () => void): void {
    const startedAt = this.patience.now()
    try {
      const answer = this.#handler.call(span, () => call.next(proceed))
      if (isThenable(answer)) Promise.resolve(answer).then(undefined, this.#onRejection(span.name))
    } catch (error) {
      this.complaints.add('threw', span.name, error)
    }
    call.returned(Date.now() - startedAt)
  }

  end(_span: Span, result: SpanResult, call: HandlerCall): void {
    call.end(result)
  }

  #isWatched(): boolean {
    this.#calls += 1
    return this.#calls <= 100 || this.#calls % 16 === 0
  }

  /** One function per span, not per operation. */
  #onRejection(span: SpanName): (error: unknown) => void {
    let told = this.#rejected.get(span)
    if (told === undefined) {
      told = (error) => this.complaints.add('rejected', span, error)
      this.#rejected.set(span, told)
    }
    return told
  }
}

/** One call of a handler. Its promise is made when the handler asks for it, settled if the operation is over by then. */
class HandlerCall {
  readonly #span: Span
  readonly #listener: HandlerListener
  readonly #isWatched: boolean
  #hasCalled = false
  #hasReturned = false
  #operationMs = 0
  #result: SpanResult | null = null
  #promise: Promise<SpanResult> | null = null
  #resolve: ((result: SpanResult) => void) | null = null
  /** When the handler went on after the end of the operation. */
  #resumedAt = 0

  /** @param isWatched how long it goes on after the end of the operation is measured, which costs two promises. */
  constructor(span: Span, listener: HandlerListener, isWatched: boolean) {
    this.#span = span
    this.#listener = listener
    this.#isWatched = isWatched
  }

  next(proceed: () => void): Promise<SpanResult> {
    if (this.#hasCalled) this.#listener.complaints.add('twice', this.#span.name)
    else if (this.#hasReturned) this.#listener.complaints.add('late', this.#span.name)
    else {
      const startedAt = Date.now()
      proceed()
      this.#operationMs = Date.now() - startedAt
    }
    this.#hasCalled = true
    this.#promise ??= this.#promised()
    return this.#promise
  }

  returned(tookMs: number): void {
    this.#hasReturned = true
    this.#watch(tookMs - this.#operationMs)
    // Registered after the handler's own continuation, so it runs right behind it.
    if (this.#isWatched) this.#promise?.then(() => this.#watch(Date.now() - this.#resumedAt))
  }

  end(result: SpanResult): void {
    this.#result = result
    this.#resolve?.(result)
  }

  #promised(): Promise<SpanResult> {
    const promise =
      this.#result === null
        ? new Promise<SpanResult>((resolve) => {
            this.#resolve = resolve
          })
        : Promise.resolve(this.#result)
    // Registered before any continuation of the handler.
    if (this.#isWatched) {
      promise.then(() => {
        this.#resumedAt = this.#listener.patience.now()
      })
    }
    return promise
  }

  #watch(tookMs: number): void {
    const { patience, complaints } = this.#listener
    if (patience.isLost(tookMs)) complaints.add('blocked', this.#span.name, tookMs)
  }
}
