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
  readonly #kind: string
  readonly #targets = new WeakMap<AnyClass, Map<Scope, Target>>()

  /** @param kind what the classes are, for messages: `task`, `channel`. */
  constructor(kind: string) {
    this.#kind = kind
  }

  bind(type: AnyClass, scope: Scope, target: Target): void {
    let targets = this.#targets.get(type)
    if (targets === undefined) this.#targets.set(type, (targets = new Map()))
    targets.set(scope, target)
  }

  unbind(type: AnyClass, scope: Scope): void {
    this.#targets.get(type)?.delete(scope)
  }

  /**
   * @param scope the runtime of the running unit of work, or `null` outside of any.
   * @throws NotRegisteredError, AmbiguousRuntimeError
   */
  resolve(type: AnyClass, scope: Scope | null): Target {
    const targets = this.#targets.get(type)
    const own = scope === null ? undefined : targets?.get(scope)
    if (own !== undefined) return own
    const facts = { kind: this.#kind, name: type.name || 'anonymous class' }
    if (targets === undefined || targets.size === 0) throw new NotRegisteredError(facts)
    // Inside a runtime that does not know the class, another runtime's queue would be the wrong one.
    if (scope !== null) throw new NotRegisteredError(facts)
    if (targets.size > 1) throw new AmbiguousRuntimeError({ ...facts, runtimes: targets.size })
    return targets.values().next().value!
  }
}
