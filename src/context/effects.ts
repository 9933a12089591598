/**
 * The one gate through which a handler's effects on the world pass: jobs, events, broadcasts, unsafe outgoing calls
 * and, later, SSE, session writes and cookies. Without a gate in the context an effect happens
 * at once and costs one comparison. A gate may hold it (until the action succeeded) or only record it
 * (shadow runs), or until a database has committed; cutover and transactions install such gates, the rooms that cause effects never know which.
 */
import { currentContext } from './context'

export type EffectKind = 'job' | 'event' | 'broadcast' | 'after-commit' | 'fetch'

/** One intended change of the world. */
export interface Effect<Result = unknown> {
  readonly kind: EffectKind
  /** What it is aimed at: task name, event class, stream name, name of the function, method and address. */
  readonly target: string
  /** JSON-like value: what is enqueued, published, broadcast or sent. */
  readonly payload: unknown
  /** It is written by the transaction of the caller's database itself, so it cannot wait for the commit. Default false. */
  readonly joinsTransaction?: boolean
  /**
   * The caller goes on with what comes of it, so that it cannot happen later: a gate lets it happen at once or, where
   * nothing may happen, never. Default false.
   */
  readonly cannotWait?: boolean
  /** Makes it happen. Called at most once, possibly after the handler has returned. */
  readonly perform: () => Result
  /** What the caller gets when the effect is held or only recorded. */
  readonly held: () => Result
}

export interface EffectGate {
  /** The gate through which passes what this one lets pass. Default none. */
  readonly around?: EffectGate | null
  /** Performs, holds or records the effect, and returns what the caller sees. */
  pass<Result>(effect: Effect<Result>): Result
}

/** The gate of the running unit of work; `null` (the normal case) means: just do it. */
export function currentGate(): EffectGate | null {
  return currentContext()?.gate ?? null
}
