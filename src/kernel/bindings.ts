/**
 * Which runtime a class belongs to. `SendReceipt.enqueue(...)` is a call on a class; the queue it must reach
 * is that of the runtime whose request or job is running, or, outside of any, that of the only runtime
 * that registered the class.
 */
import { AmbiguousRuntimeError, NotRegisteredError } from './errors'
import type { Scope } from './scope'

/** Any class, abstract ones included. */
export type AnyClass = abstract new (...args: never[]) => object

export class Bindings<Target extends object> {
  /** What is said instead of "register it" in a process or thread where no runtime ever is; `null` = nothing else. */
  absent: ((name: string) => Error) | null = null
  readonly #kind: string
  readonly #stopped: ((name: string) => Error) | null
  readonly #targets = new WeakMap<AnyClass, Map<Scope, Target>>()
  /** Runtimes that had the class, and have stopped. */
  readonly #former = new WeakMap<AnyClass, WeakSet<Scope>>()

  /**
   * @param kind    what the classes are, for messages: `task`, `channel`.
   * @param stopped what is said when the runtime that had the class has stopped. Default: NotRegisteredError.
   */
  constructor(kind: string, stopped: ((name: string) => Error) | null = null) {
    this.#kind = kind
    this.#stopped = stopped
  }

  bind(type: AnyClass, scope: Scope, target: Target): void {
    let targets = this.#targets.get(type)
    if (targets === undefined) this.#targets.set(type, (targets = new Map()))
    targets.set(scope, target)
  }

  unbind(type: AnyClass, scope: Scope): void {
    if (this.#targets.get(type)?.delete(scope) !== true) return
    const former = this.#former.get(type)
    if (former === undefined) this.#former.set(type, new WeakSet([scope]))
    else former.add(scope)
  }

  /**
   * @param scope the runtime of the running unit of work, or `null` outside of any.
   * @throws NotRegisteredError, AmbiguousRuntimeError, or what `stopped` and `absent` answer
   */
  resolve(type: AnyClass, scope: Scope | null): Target {
    const targets = this.#targets.get(type)
    const own = scope === null ? undefined : targets?.get(scope)
    if (own !== undefined) return own
    const facts = { kind: this.#kind, name: type.name || 'anonymous class' }
    // Inside a runtime that does not know the class, another runtime's queue would be the wrong one.
    if (targets === undefined || targets.size === 0 || scope !== null) throw this.#refusal(type, scope, facts)
    if (targets.size > 1) throw new AmbiguousRuntimeError({ ...facts, runtimes: targets.size })
    return targets.values().next().value!
  }

  #refusal(type: AnyClass, scope: Scope | null, facts: { kind: string; name: string }): Error {
    const former = this.#former.get(type)
    const hasStopped = former !== undefined && (scope === null || former.has(scope))
    if (hasStopped && this.#stopped !== null) return this.#stopped(facts.name)
    return this.absent?.(facts.name) ?? new NotRegisteredError(facts)
  }
}
