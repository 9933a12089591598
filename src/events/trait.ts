/**
 * Traits: what classes without a common base have in common. A mixin makes a new class at each use, so
 * there is no one class to subscribe to; a trait is a mixin that stands for all of them.
 */

// TypeScript accepts `any[]` and nothing else as the arguments of a mixin's base class (TS2545).
// biome-ignore lint/suspicious/noExplicitAny: see above
export type TraitBase = new (...args: any[]) => object

type Mixin = (Base: TraitBase) => abstract new (...args: never[]) => object

/**
 * The mixin, usable in `static on` and to the right of `instanceof`; `InstanceType<typeof Audited>` is what all its classes
 * have. Without parameters, since `InstanceType` makes `any` of a class whose parameters are `never[]`.
 */
export type Trait<M extends Mixin> = M & (abstract new () => InstanceType<ReturnType<M>>)

/**
 * Makes a trait of a mixin. The same base class gives the same class each time. `rage events` shows the name of
 * the function, if it has one.
 *
 *     const Audited = trait(<B extends TraitBase>(Base: B) => class extends Base { actor = '' })
 *     class OrderPlaced extends Audited(Object) {}
 *     class WriteAuditLog extends Subscriber {
 *       static on = [Audited]
 *       call(event: InstanceType<typeof Audited>) { ... event.actor ... }
 *     }
 */
export function trait<M extends Mixin>(mixin: M): Trait<M> {
  const mark = Symbol(mixin.name || 'trait')
  const made = new WeakMap<object, object>()

  const apply = (Base: TraitBase): object => {
    let mixed = made.get(Base)
    if (mixed === undefined) {
      mixed = mixin(Base)
      Object.defineProperty((mixed as TraitBase).prototype, mark, { value: true })
      made.set(Base, mixed)
    }
    return mixed
  }
  Object.defineProperty(apply, Symbol.hasInstance, {
    value: (value: unknown) => typeof value === 'object' && value !== null && mark in value,
  })
  Object.defineProperty(apply, 'name', { value: mixin.name || 'trait' })
  Object.defineProperty(apply, isTraitKey, { value: true })
  // It is called as the mixin is, and answers `instanceof` as a class does.
  return apply as unknown as Trait<M>
}

const isTraitKey = Symbol.for('rage-js.trait')

/** A trait has no instances of its own name, so it is never revived. */
export function isTrait(value: object): boolean {
  return isTraitKey in value
}
