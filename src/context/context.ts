/**
 * One object per unit of work (request, job, subscriber, cable action), carried by one AsyncLocalStorage
 * through everything the work awaits. Entering it costs one `run`; rooms that receive work from an emitter
 * or a pool re-enter it explicitly, because such callbacks run in somebody else's context.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Scope } from '../kernel'
import { type Baggage, parseBaggage } from './baggage'
import type { EffectGate } from './effects'
import { requestIdFrom } from './request-id'
import { continueTrace, type IncomingTrace, parseTraceparent, parseTracestate, type Trace } from './trace'
import type { UnitSpan } from './unit-span'

/** What kind of work a context belongs to; `task` = none of the others: a script, a transaction of its own. */
export type ContextKind = 'request' | 'job' | 'subscriber' | 'cable' | 'sse' | 'schedule' | 'daemon' | 'task'

/** Which stack serves the request: the team's own code, or controllers. */
export type Arm = 'legacy' | 'rage'

/** What a request tells of itself; read when somebody asks for it. */
export interface ContextRequest {
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>> | undefined
}

/** Where the request's response is seen to be over. */
export interface ContextResponse {
  readonly closed?: boolean
}

/** What a new context starts from. */
export interface ContextSeed {
  readonly kind: ContextKind
  readonly scope: Scope
  /** Without one, that of `request`; without that too, a new UUID, made when it is asked for. */
  readonly requestId?: string | null
  readonly request?: ContextRequest | null
  /** The unit has ended once this is closed and nothing holds it. */
  readonly response?: ContextResponse | null
  /** What the trace continues, unless `request` says so. */
  readonly incoming?: IncomingTrace | null
  /** Whose ids it has: work of the same request. */
  readonly parent?: Context | null
  readonly tags?: readonly string[]
  readonly arm?: Arm | null
}

const store = new AsyncLocalStorage<Context>()

export class Context {
  readonly kind: ContextKind
  /** The runtime this work belongs to. */
  readonly scope: Scope
  /** Added to every log line. */
  tags: readonly string[]
  /** Further fields of every log line, or `null`. */
  fields: Readonly<Record<string, unknown>> | null
  arm: Arm | null
  /** Where effects go instead of into the world; `null` = they happen at once. */
  gate: EffectGate | null
  /** Of a tracing system; `null` = none is there, or it does not trace this unit. @internal */
  span: UnitSpan | null
  /** Values of `Current` classes, or `null` while none was set. Read by `readableAttributes`. @internal */
  attributes: Map<object, Record<string, unknown>> | null
  /** Pieces of work of this unit that outlast its response: the unit has not ended before they have. @internal */
  holds: number
  #requestId: string | null
  #trace: Trace | null
  /** Asked for ids when somebody wants them: most of them nobody ever does. */
  readonly #parent: Context | null
  readonly #request: ContextRequest | null
  readonly #incoming: IncomingTrace | null
  #response: ContextResponse | null
  #isClosed: boolean

  constructor(seed: ContextSeed) {
    this.kind = seed.kind
    this.scope = seed.scope
    this.tags = seed.tags ?? noTags
    this.fields = null
    this.arm = seed.arm ?? null
    this.gate = null
    this.span = null
    this.attributes = null
    this.holds = 0
    this.#requestId = seed.requestId ?? null
    this.#trace = null
    this.#parent = seed.parent ?? null
    this.#request = seed.request ?? null
    this.#incoming = seed.incoming ?? null
    this.#response = seed.response ?? null
    this.#isClosed = false
  }

  /** Shared by everything one request caused. */
  get requestId(): string {
    this.#requestId ??=
      this.#parent === null ? requestIdFrom(this.#request?.headers?.['x-request-id']) : this.#parent.requestId
    return this.#requestId
  }

  /** The trace, continued from what came in; one that begins here is made when first asked for. */
  get trace(): Trace {
    this.#trace ??= this.#makeTrace()
    return this.#trace
  }

  /** Whether a trace came in, or somebody has asked for one: only then it has to travel. */
  get isTraced(): boolean {
    if (this.#trace !== null) return true
    if (this.#parent !== null) return this.#parent.isTraced
    return this.#origin()?.traceparent !== undefined
  }

  /** Whether the unit is this request, or a part of it. */
  isOf(request: ContextRequest): boolean {
    return this.#request === request || (this.#parent?.isOf(request) ?? false)
  }

  /** What came in, or was set since; makes no trace. */
  get baggage(): Baggage | null {
    if (this.#trace !== null) return this.#trace.baggage
    return this.#parent === null ? parseBaggage(this.#origin()?.baggage) : this.#parent.baggage
  }

  /** What travels along from here on, in place of what came in. */
  setBaggage(baggage: Baggage | null): void {
    this.#trace = { ...this.trace, baggage }
  }

  /** The unit of work has ended: a read after this is a leak. */
  get closed(): boolean {
    return this.#isClosed || (this.#response?.closed === true && this.holds === 0)
  }

  /** Values are let go of: whatever still runs in this context finds none. */
  set closed(isClosed: boolean) {
    this.#isClosed = isClosed
    if (isClosed) this.attributes = null
  }

  /** What the unit answers with; `null` = not known, or none. @internal */
  get response(): ContextResponse | null {
    return this.#response
  }

  set response(response: ContextResponse | null) {
    this.#response = response
  }

  #makeTrace(): Trace {
    // The same unit, seen from within: the same span.
    if (this.#parent !== null) return this.#parent.trace
    const incoming = this.#origin()
    return continueTrace(parseTraceparent(incoming?.traceparent), {
      requestId: this.requestId,
      state: parseTracestate(incoming?.tracestate),
      baggage: parseBaggage(incoming?.baggage),
    })
  }

  #origin(): IncomingTrace | null {
    return this.#request?.headers ?? this.#incoming
  }
}

const noTags: readonly string[] = Object.freeze([])

/** The context of the running unit of work, or `null` outside of any. */
export function currentContext(): Context | null {
  return store.getStore() ?? null
}

/** Runs `work` inside `context` and returns what it returns. */
export function runInContext<T>(context: Context, work: () => T): T {
  const { span } = context
  return span === null ? store.run(context, work) : span.run(() => store.run(context, work))
}

/** As `runInContext`, for a function with one argument: spares the hot path a closure. */
export function callInContext<A, T>(context: Context, work: (argument: A) => T, argument: A): T {
  const { span } = context
  return span === null
    ? store.run(context, work, argument)
    : span.run(() => store.run(context, work, argument))
}

/** Runs `work` outside of any context: for pools and timers that outlive the request that opened them. */
export function runOutside<T>(work: () => T): T {
  return store.exit(work)
}

/**
 * A child for work caused by `parent` in the same process: same ids, tags and attributes, own lifetime. What has ended
 * hands down no attributes.
 *
 * @param scope of the runtime that does the work. Default: the parent's.
 */
export function deriveContext(parent: Context, kind: ContextKind, scope: Scope = parent.scope): Context {
  const child = new Context({ kind, scope, parent, tags: parent.tags, arm: parent.arm })
  child.fields = parent.fields
  child.gate = parent.gate
  child.span = parent.span
  if (parent.attributes !== null && !parent.closed) {
    child.attributes = new Map([...parent.attributes].map(([owner, values]) => [owner, { ...values }]))
  }
  return child
}
