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

/** Watching a call costs as much as the call: the first ones are, and then one of so many. */
const watchedFirst = 100
const watchedLater = 64

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
    return new HandlerCall(span.name, this, this.#isWatched())
  }

  within({ name, attributes }: Span, call: HandlerCall, proceed: () => void): void {
    call.begin()
    try {
      // A copy of its own: none can change what the next one sees. Freezing one costs twenty times as much.
      const span = { name, attributes: { ...attributes } } as Span
      const answer = this.#handler.call(span, () => call.next(proceed))
      if (isThenable(answer)) Promise.resolve(answer).then(undefined, this.#onRejection(name))
    } catch (error) {
      this.complaints.add('threw', name, error)
    }
    call.returned()
  }

  end(_span: Span, result: SpanResult, call: HandlerCall): void {
    call.end(result)
  }

  #isWatched(): boolean {
    this.#calls += 1
    return this.#calls <= watchedFirst || this.#calls % watchedLater === 0
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
  readonly #name: SpanName
  readonly #listener: HandlerListener
  readonly #isWatched: boolean
  #hasCalled = false
  #hasReturned = false
  #startedAt = 0
  #operationMs = 0
  #result: SpanResult | null = null
  #promise: Promise<SpanResult> | null = null
  #resolve: ((result: SpanResult) => void) | null = null
  /** When the handler went on after the end of the operation. */
  #resumedAt = 0

  /** @param isWatched how long it keeps the process is measured, which costs readings of the clock and two promises. */
  constructor(name: SpanName, listener: HandlerListener, isWatched: boolean) {
    this.#name = name
    this.#listener = listener
    this.#isWatched = isWatched
  }

  begin(): void {
    if (this.#isWatched) this.#startedAt = this.#listener.patience.now()
  }

  next(proceed: () => void): Promise<SpanResult> {
    const { complaints } = this.#listener
    if (this.#hasCalled) complaints.add('twice', this.#name)
    else if (this.#hasReturned) complaints.add('late', this.#name)
    else if (this.#isWatched) {
      const startedAt = Date.now()
      proceed()
      this.#operationMs = Date.now() - startedAt
    } else proceed()
    this.#hasCalled = true
    this.#promise ??= this.#promised()
    return this.#promise
  }

  returned(): void {
    this.#hasReturned = true
    if (!this.#isWatched) return
    this.#watch(Date.now() - this.#startedAt - this.#operationMs)
    // Registered after the handler's own continuation, so it runs right behind it.
    this.#promise?.then(() => this.#watch(Date.now() - this.#resumedAt))
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
    if (patience.isLost(tookMs)) complaints.add('blocked', this.#name, tookMs)
  }
}
