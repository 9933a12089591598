/**
 * A transaction of a database as effects see it: a gate that holds what is caused inside of it until the database has
 * committed, and drops it after a rollback. One inside of another hands what it held to the one around it.
 *
 *     open ── commit() ───► committed      what was held happens, or goes to the gate around
 *       └──── rollback() ─► rolled back    what was held is dropped, and so is what still comes
 */
import { type Scope, warnOnce } from '../kernel'
import { Context, currentContext, deriveContext, runInContext, runOutside } from './context'
import type { Effect, EffectGate } from './effects'
import { AfterCommitError } from './errors'
import { ownRequestId } from './request-id'

export class Transaction implements EffectGate {
  /** The unit of work it began in, where effects happen in the end. */
  readonly #around: Context | null
  readonly #inside: Context
  #held: Effect[] = []
  #state: 'open' | 'committed' | 'rolled back' = 'open'
  #committing: Promise<void> | null = null

  /** Use `rage.transaction()`. @internal */
  constructor(scope: Scope) {
    this.#around = currentContext()
    this.#inside = contextInside(this.#around, scope)
    this.#inside.gate = this
  }

  /** That of the transaction around. @internal */
  get around(): EffectGate | null {
    return this.#around?.gate ?? null
  }

  /** Runs `work` inside the transaction: jobs, events, broadcasts and `afterCommit` of it, and of all it awaits, are held. */
  run<T>(work: () => T): T {
    return runInContext(this.#inside, work)
  }

  /**
   * To be called once the database has committed. The first `commit` or `rollback` counts, later ones do nothing.
   *
   * @returns resolves when everything held has happened: jobs are as durable as after `await enqueue`.
   * @throws AfterCommitError when something failed; the rest has happened, and the database has committed.
   */
  commit(): Promise<void> {
    this.#committing ??= this.#state === 'open' ? this.#commit() : Promise.resolve()
    return this.#committing
  }

  /** To be called when the database has rolled back, or the transaction is given up. */
  rollback(): void {
    if (this.#state !== 'open') return
    this.#state = 'rolled back'
    this.#held = []
  }

  /** An effect comes by. Called by what has effects. */
  pass<Result>(effect: Effect<Result>): Result {
    const cannotWait = effect.joinsTransaction === true || effect.cannotWait === true
    if (this.#state === 'committed' || cannotWait) return this.#release(effect)
    if (this.#state === 'open') this.#held.push(effect)
    else warnOfLate(effect)
    return effect.held()
  }

  async #commit(): Promise<void> {
    this.#state = 'committed'
    const held = this.#held
    this.#held = []
    // All begin in order before any is waited for, so that jobs share one write of the log.
    const outcomes = await Promise.allSettled(held.map(async (effect) => this.#release(effect)))
    const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    if (errors.length === 0) return
    const cause = errors.length === 1 ? errors[0] : new AggregateError(errors)
    throw new AfterCommitError({ failed: errors.length, held: held.length }, { cause })
  }

  #release<Result>(effect: Effect<Result>): Result {
    const around = this.#around
    if (around === null) return runOutside(effect.perform)
    const { gate } = around
    return runInContext(around, gate === null ? effect.perform : () => gate.pass(effect))
  }
}

/** Its caller was answered as if it were held: nobody else would say that it never happens. */
function warnOfLate({ kind, target }: Effect): void {
  warnOnce(
    'RAGE_W005',
    `${kind} "${target}" came in a transaction after its rollback, and was dropped. Await all that a transaction ` +
      'begins before it ends; what is to happen all the same belongs outside of it.',
    `${kind} ${target}`,
  )
}

/** Of the same unit of work: `Current` attributes set inside are still set afterwards. */
function contextInside(around: Context | null, scope: Scope): Context {
  if (around === null) return new Context({ kind: 'task', scope, requestId: ownRequestId() })
  around.attributes ??= new Map()
  const inside = deriveContext(around, around.kind)
  inside.attributes = around.attributes
  return inside
}
