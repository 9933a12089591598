/** What a channel class declares in its `static` block, kept per class and read through inheritance. */
import type { AnyClass } from '../kernel'

/** A method by name, or a function that is given the channel. */
export type Callback<C> = (keyof C & string) | ((channel: C) => unknown)

/** One declaration; names are checked when the channel is compiled. */
export type Declared =
  | { readonly kind: 'before' | 'after'; readonly callback: Callback<never> }
  | {
      readonly kind: 'rescue'
      readonly type: AnyClass
      readonly handler: string | ((error: never, channel: never) => unknown)
    }

const declarations = new WeakMap<AnyClass, Declared[]>()

export function declare(type: AnyClass, declared: Declared): void {
  const own = declarations.get(type)
  if (own === undefined) declarations.set(type, [declared])
  else own.push(declared)
}

/** All declarations of the class, the base class's first. */
export function declarationsOf(type: AnyClass): readonly Declared[] {
  const chain: AnyClass[] = []
  for (
    let at: unknown = type;
    typeof at === 'function' && at !== Function.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    chain.unshift(at as AnyClass)
  }
  return chain.flatMap((ancestor) => declarations.get(ancestor) ?? [])
}
