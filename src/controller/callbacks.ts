/** What a controller class declares in its `static` block, kept per class and read through inheritance. */
import { type AnyClass, didYouMean, UnknownOptionError } from '../kernel'
import type { Controller } from './controller'
import type { ForeignMiddleware } from './middleware'
import type { SchemaUse } from './validation'
import type { ParamsWrap } from './wrapped-params'

/** A method by name, or a function that is given the controller. */
export type Callback<C> = (keyof C & string) | ((controller: C) => unknown)
/** As `Callback`, with the rest of the chain as second argument. */
export type AroundCallback<C> = (keyof C & string) | ((controller: C, next: () => Promise<void>) => unknown)
/** A condition: a method by name, or a function that is given the controller. */
export type Condition<C> = (keyof C & string) | ((controller: C) => unknown)

export interface CallbackOptions<C> {
  /** Only for these actions. */
  readonly only?: readonly (keyof C & string)[] | (keyof C & string)
  /** For every action but these. */
  readonly except?: readonly (keyof C & string)[] | (keyof C & string)
  /** Only when it answers something truthy, asked per request. */
  readonly if?: Condition<C>
  /** Only when it answers something falsy, asked per request. */
  readonly unless?: Condition<C>
}

/** The static method that declared it. */
export type CallbackKind =
  | 'beforeAction'
  | 'prependBeforeAction'
  | 'afterAction'
  | 'aroundAction'
  | 'use'
  | 'validates'
  | 'skipBeforeAction'
  | 'skipAfterAction'
  | 'skipAroundAction'

/** One declaration; names are checked when the controller is compiled. */
export interface Declared {
  /** The class whose static block it stands in. */
  readonly owner: AnyClass
  readonly kind: CallbackKind
  readonly what: Callback<Controller> | AroundCallback<Controller> | ForeignMiddleware | SchemaUse
  readonly only: readonly string[] | null
  readonly except: readonly string[] | null
  readonly if: Condition<Controller> | null
  readonly unless: Condition<Controller> | null
}

export interface DeclaredRescue {
  readonly handles: (error: unknown) => boolean
  readonly handler: string | ((error: never, controller: never) => unknown)
}

interface Declarations {
  readonly callbacks: Declared[]
  readonly rescues: DeclaredRescue[]
  /** `undefined` = nothing declared here, `null` = taken back. */
  wrap: ParamsWrap | null | undefined
}

const declarations = new WeakMap<AnyClass, Declarations>()

function ownDeclarations(type: AnyClass): Declarations {
  let own = declarations.get(type)
  if (own === undefined) declarations.set(type, (own = { callbacks: [], rescues: [], wrap: undefined }))
  return own
}

export function declareCallback(
  type: AnyClass,
  kind: CallbackKind,
  what: unknown,
  options: CallbackOptions<never>,
): void {
  refuseUnknown(type, kind, options)
  ownDeclarations(type).callbacks.push({
    owner: type,
    kind,
    what: what as Declared['what'],
    only: listOf(options.only),
    except: listOf(options.except),
    if: (options.if as Condition<Controller> | undefined) ?? null,
    unless: (options.unless as Condition<Controller> | undefined) ?? null,
  })
}

const always = ['only', 'except']
const perRequest = [...always, 'if', 'unless']

/** A misspelt `only` would run a guard for the wrong actions: nothing may pass unnoticed. */
function refuseUnknown(type: AnyClass, kind: CallbackKind, options: object): void {
  // What is skipped is settled at boot: an `if` that nobody asks would take a guard away for every request.
  const known = kind.startsWith('skip') ? always : perRequest
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    throw new UnknownOptionError({
      option: `${type.name}.${kind}.${key}`,
      hint: didYouMean(key, known),
    })
  }
}

export function declareRescue(type: AnyClass, rescue: DeclaredRescue): void {
  ownDeclarations(type).rescues.push(rescue)
}

export function declareWrap(type: AnyClass, wrap: ParamsWrap | null): void {
  ownDeclarations(type).wrap = wrap
}

/** The nearest declaration, or `null`. */
export function wrapOf(type: AnyClass): ParamsWrap | null {
  const nearest = lineage(type).findLast((ancestor) => declarations.get(ancestor)?.wrap !== undefined)
  return nearest === undefined ? null : declarations.get(nearest)!.wrap!
}

/** All declarations of the class, the base class's first: the order in which they run. */
export function callbacksOf(type: AnyClass): readonly Declared[] {
  return lineage(type).flatMap((ancestor) => declarations.get(ancestor)?.callbacks ?? [])
}

/** Nearest first: the class's own before its base's, later declarations before earlier ones. */
export function rescuesOf(type: AnyClass): readonly DeclaredRescue[] {
  return lineage(type)
    .flatMap((ancestor) => declarations.get(ancestor)?.rescues ?? [])
    .reverse()
}

function lineage(type: AnyClass): AnyClass[] {
  const chain: AnyClass[] = []
  for (
    let at: unknown = type;
    typeof at === 'function' && at !== Function.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    chain.unshift(at as AnyClass)
  }
  return chain
}

function listOf(names: readonly string[] | string | undefined): readonly string[] | null {
  if (names === undefined) return null
  return typeof names === 'string' ? [names] : names
}
