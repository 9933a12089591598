/**
 * Settles, once at boot, everything about an action that could be looked up per request: which callbacks run
 * for it, in which order, and who rescues what. The result is one function; a chain whose steps are all
 * synchronous makes no promise.
 */
import { type AnyClass, didYouMean, isThenable } from '../kernel'
import { type Condition, callbacksOf, type Declared, rescuesOf, wrapOf } from './callbacks'
import { Controller, exchangeOf } from './controller'
import { InvalidParamsError, UnknownActionError } from './errors'
import type { Exchange } from './exchange'
import { type ForeignMiddleware, through } from './middleware'
import { refuseReservedMethods } from './reserved-methods'
import { type SchemaUse, validator } from './validation'
import type { ParamsWrap } from './wrapped-params'

export type ConcreteController = new (exchange: Exchange, actionName: string) => Controller

/** What a step answers: nothing, a value (the action's), or a promise of it. */
type Step = (controller: Controller) => unknown
type Method = (this: Controller, ...args: unknown[]) => unknown

export interface ActionPlan {
  readonly controller: ConcreteController
  readonly action: string
  /** Callbacks and action; the value is what the action returned, `halted` if a before-callback rendered. */
  readonly run: Step
  /** The handler for an error, nearest first, or `null`. */
  readonly rescue: (error: unknown) => ((controller: Controller, error: unknown) => unknown) | null
  readonly wrap: ParamsWrap | null
  /** One of the callbacks is a Connect middleware, which may expect more of `req` and `res` than Node gives. */
  readonly usesMiddleware: boolean
  /** The class overrides `appendInfoToPayload`. */
  readonly appendsInfo: boolean
}

/** Answer of a chain in which a before-callback rendered. */
export const halted = Symbol('halted')

/**
 * @throws UnknownActionError for an action or callback that names no method, ReservedMethodError for a method that
 *   would replace one of Controller's.
 */
export function compilePlan(type: ConcreteController, action: string, where: string): ActionPlan {
  refuseReservedMethods(type)
  const method = methodOf(type, action, where)
  let run: Step = (controller) => method.call(controller)
  const declared = callbacksOf(type)
  for (const callback of declared) if (callback.owner === type) refuseUnknownActions(type, callback)
  const steps = effective(declared, action)
  for (const step of [...steps].reverse()) run = wrap(type, step, run)
  return {
    controller: type,
    action,
    run,
    rescue: compileRescues(type),
    wrap: wrapOf(type),
    usesMiddleware: steps.some(({ kind }) => kind === 'use'),
    appendsInfo: type.prototype.appendInfoToPayload !== Controller.prototype.appendInfoToPayload,
  }
}

/** A method the class declares itself or inherits from the users' own bases; not those of Controller. */
export function definesAction(type: AnyClass, action: string): boolean {
  if (action in Controller.prototype) return false
  return typeof (type.prototype as Record<string, unknown>)[action] === 'function'
}

function methodOf(type: AnyClass, name: string, where: string): Method {
  if (definesAction(type, name)) return (type.prototype as Record<string, Method>)[name]!
  throw new UnknownActionError({
    controller: type.name,
    action: name,
    where,
    hint: name in Controller.prototype ? reserved : didYouMean(name, methodsOf(type)),
  })
}

const reserved = ' It is a member of Controller itself, which an action cannot replace.'

function methodsOf(type: AnyClass): string[] {
  const names: string[] = []
  for (let at = type.prototype; at !== null && at !== Controller.prototype; at = Object.getPrototypeOf(at)) {
    names.push(...Object.getOwnPropertyNames(at).filter((name) => name !== 'constructor'))
  }
  return names
}

/** A misspelt action in `only` is a guard that does not guard. Base classes may name actions of their subclasses. */
function refuseUnknownActions(type: AnyClass, { kind, only, except }: Declared): void {
  const where = `${type.name}.${kind}`
  for (const name of [...(only ?? []), ...(except ?? [])]) methodOf(type, name, where)
}

/** What each word takes back. */
const skippedBy: Partial<Record<Declared['kind'], readonly Declared['kind'][]>> = {
  skipBeforeAction: ['beforeAction', 'prependBeforeAction', 'use'],
  skipAfterAction: ['afterAction'],
  skipAroundAction: ['aroundAction'],
}

/** The callbacks that apply to the action, skips carried out. */
function effective(declared: readonly Declared[], action: string): readonly Declared[] {
  let steps: Declared[] = []
  for (const callback of declared) {
    if (!appliesTo(callback, action)) continue
    const skipped = skippedBy[callback.kind]
    if (skipped !== undefined)
      steps = steps.filter(({ kind, what }) => what !== callback.what || !skipped.includes(kind))
    else if (callback.kind === 'prependBeforeAction') steps.unshift(callback)
    else steps.push(callback)
  }
  return steps
}

function appliesTo(callback: Declared, action: string): boolean {
  if (callback.only !== null && !callback.only.includes(action)) return false
  return callback.except === null || !callback.except.includes(action)
}

function wrap(type: AnyClass, declared: Declared, inner: Step): Step {
  const where = `${type.name}.${declared.kind}`
  const step = stepOf(type, declared, inner, where)
  const guard = guardOf(type, declared, where)
  return guard === null ? step : (controller) => (guard(controller) ? step(controller) : inner(controller))
}

function stepOf(type: AnyClass, declared: Declared, inner: Step, where: string): Step {
  const { kind, what } = declared
  if (kind === 'aroundAction') return around(type, declared, inner, where)
  if (kind === 'use') return through(what as ForeignMiddleware, inner, halted)
  if (kind === 'validates') {
    const { schema, from } = what as SchemaUse
    return before(validator(schema, from, where, exchangeOf), inner)
  }
  const call = callable(type, what as Condition<Controller>, where)
  return kind === 'afterAction' ? after(call, inner) : before(call, inner)
}

function before(call: Step, inner: Step): Step {
  const goOn = (controller: Controller): unknown => {
    const exchange = exchangeOf(controller)
    if (exchange.logins === null) return controller.performed ? halted : inner(controller)
    // A guard that fails and answers nothing must not let the action run, even where its error was caught.
    return exchange.settleLogins(controller.performed).then(() => goOn(controller))
  }
  return (controller) => {
    const answer = call(controller)
    return isThenable(answer) ? answer.then(() => goOn(controller)) : goOn(controller)
  }
}

function after(call: Step, inner: Step): Step {
  const follow = (controller: Controller, value: unknown): unknown => {
    if (value === halted) return halted
    const exchange = exchangeOf(controller)
    // A login that the action forgot; an after-callback must see its refusal.
    if (exchange.logins !== null) return exchange.settleLogins(true).then(() => follow(controller, value))
    // A value returned by the action is its response; an after-callback must see it rendered.
    if (value !== undefined && !controller.performed) controller.render({ json: value })
    const answer = call(controller)
    return isThenable(answer) ? answer.then(() => undefined) : undefined
  }
  return (controller) => {
    const value = inner(controller)
    return isThenable(value)
      ? value.then((settled) => follow(controller, settled))
      : follow(controller, value)
  }
}

function around(type: AnyClass, declared: Declared, inner: Step, where: string): Step {
  const { what } = declared
  const method = typeof what === 'string' ? methodOf(type, what, where) : null
  return async (controller) => {
    let value: unknown = halted
    const next = async (): Promise<void> => {
      const exchange = exchangeOf(controller)
      if (exchange.logins !== null && (await exchange.settleLogins(controller.performed))) return
      value = await inner(controller)
      if (exchange.logins !== null) await exchange.settleLogins(true)
      if (value !== undefined && value !== halted && !controller.performed) {
        controller.render({ json: value })
        value = undefined
      }
    }
    if (method === null)
      await (what as (controller: Controller, next: () => Promise<void>) => unknown)(controller, next)
    else await method.call(controller, next)
    return value
  }
}

function guardOf(
  type: AnyClass,
  declared: Declared,
  where: string,
): ((controller: Controller) => boolean) | null {
  if (declared.if === null && declared.unless === null) return null
  const wanted = declared.if === null ? null : callable(type, declared.if, where)
  const unwanted = declared.unless === null ? null : callable(type, declared.unless, where)
  return (controller) =>
    (wanted === null || Boolean(wanted(controller))) && (unwanted === null || !unwanted(controller))
}

function callable(type: AnyClass, what: Condition<Controller>, where: string): Step {
  if (typeof what !== 'string') return what as Step
  const method = methodOf(type, what, where)
  return (controller) => method.call(controller)
}

function compileRescues(type: AnyClass): ActionPlan['rescue'] {
  const rescues = rescuesOf(type).map(({ handles, handler }) => {
    if (typeof handler !== 'string') {
      return {
        handles,
        handle: (controller: Controller, error: unknown) => handler(error as never, controller as never),
      }
    }
    const method = methodOf(type, handler, `${type.name}.rescueFrom`)
    return { handles, handle: (controller: Controller, error: unknown) => method.call(controller, error) }
  })
  return (error) => {
    const known = rescues.find(({ handles }) => handles(error))
    if (known !== undefined) return known.handle
    return error instanceof InvalidParamsError ? describeInvalidParams : null
  }
}

/** Every field that is wrong, so that a form can be corrected at once. */
function describeInvalidParams(controller: Controller, error: unknown): void {
  const { status, code, facts } = error as InvalidParamsError
  controller.renderProblem({ status, code, detail: 'The parameters are not valid.', errors: facts.issues })
}
