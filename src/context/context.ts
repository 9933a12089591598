/**
 * One object per unit of work (request, job, subscriber, cable action), carried by one AsyncLocalStorage
 * through everything the work awaits. Entering it costs one `run`; rooms that receive work from an emitter
 * or a pool re-enter it explicitly, because such callbacks run in somebody else's context.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Scope } from '../kernel'
import type { EffectGate } from './effects'

/** What kind of work a context belongs to. */
export type ContextKind = 'request' | 'job' | 'subscriber' | 'cable' | 'task'

/** Which stack serves the request: the team's own code, or controllers. */
export type Arm = 'legacy' | 'rage'

/** What a new context starts from. */
export interface ContextSeed {
  readonly kind: ContextKind
  readonly scope: Scope
  readonly requestId: string
  readonly traceparent?: string | null
  readonly tracestate?: string | null
  readonly tags?: readonly string[]
  readonly arm?: Arm | null
}

const store = new AsyncLocalStorage<Context>()

export class Context {
  readonly kind: ContextKind
  /** The runtime this work belongs to. */
  readonly scope: Scope
  /** Shared by everything one request caused. */
  readonly requestId: string
  /** W3C trace context of the caller, or `null`. */
  readonly traceparent: string | null
  readonly tracestate: string | null
  /** Added to every log line. */
  tags: readonly string[]
  /** Further fields of every log line, or `null`. */
  fields: Readonly<Record<string, unknown>> | null
  arm: Arm | null
  /** Where effects go instead of into the world; `null` = they happen at once. */
  gate: EffectGate | null
  /** Values of `Current` classes, or `null` while none was set. @internal */
  attributes: Map<object, Record<string, unknown>> | null
  /** The unit of work has ended: a read after this is a leak. */
  closed: boolean

  constructor(seed: ContextSeed) {
    this.kind = seed.kind
    this.scope = seed.scope
    this.requestId = seed.requestId
    this.traceparent = seed.traceparent ?? null
    this.tracestate = seed.tracestate ?? null
    this.tags = seed.tags ?? noTags
    this.fields = null
    this.arm = seed.arm ?? null
    this.gate = null
    this.attributes = null
    this.closed = false
  }
}

const noTags: readonly string[] = Object.freeze([])

/** The context of the running unit of work, or `null` outside of any. */
export function currentContext(): Context | null {
  return store.getStore() ?? null
}

/** Runs `work` inside `context` and returns what it returns. */
export function runInContext<T>(context: Context, work: () => T): T {
  return store.run(context, work)
}

/** As `runInContext`, for a function with one argument: spares the hot path a closure. */
export function callInContext<A, T>(context: Context, work: (argument: A) => T, argument: A): T {
  return store.run(context, work, argument)
}

/** Runs `work` outside of any context: for pools and timers that outlive the request that opened them. */
export function runOutside<T>(work: () => T): T {
  return store.exit(work)
}

/** A child for work caused by `parent` in the same process: same ids, tags and attributes, own lifetime. */
export function deriveContext(parent: Context, kind: ContextKind): Context {
  const child = new Context({ ...parent, kind })
  child.fields = parent.fields
  child.gate = parent.gate
  if (parent.attributes !== null) {
    child.attributes = new Map([...parent.attributes].map(([owner, values]) => [owner, { ...values }]))
  }
  return child
}
