/** What is known where a route is drawn: prefixes, controller, defaults; and what that makes of a target and a name. */
import type { Condition, ParamPattern } from './constraints'
import type { AnyHandler, ControllerRef } from './target'

export interface Frame {
  readonly path: string
  readonly names: readonly string[]
  /** `favorite_article` (member, collection) or `article_preview` (everywhere else). */
  readonly order: 'verb-first' | 'verb-last'
  /** Empty, or ends with `/`. */
  readonly module: string
  readonly controller: ControllerRef | null
  readonly defaults: Readonly<Record<string, string>>
  readonly conditions: readonly Condition[]
  readonly params: Readonly<Record<string, ParamPattern>>
  readonly middlewares: readonly AnyHandler[]
  /** Path and names of the scopes, without the resources: where shallow routes go. */
  readonly base: { readonly path: string; readonly names: readonly string[] }
  /** Members of resources drawn here lie at the base. */
  readonly isShallow: boolean
  /** Directly inside a resource: where its own routes go. */
  readonly resource: { readonly member: Frame; readonly collection: Frame } | null
}

export const topFrame: Frame = {
  path: '',
  names: [],
  order: 'verb-last',
  module: '',
  controller: null,
  defaults: {},
  conditions: [],
  params: {},
  middlewares: [],
  base: { path: '', names: [] },
  isShallow: false,
  resource: null,
}

/** A target taken apart: what runs before it and, for its errors, after it. */
export interface SettledTarget {
  readonly target: unknown
  readonly middlewares: readonly AnyHandler[]
  readonly errorHandlers: readonly AnyHandler[]
}

/** The target in its final form, or `null` when it is none. */
export function settledTarget(
  given: unknown,
  frame: Pick<Frame, 'controller' | 'module'>,
): SettledTarget | null {
  if (!Array.isArray(given) || isActionPair(given)) {
    const target = settledOne(given, frame)
    return target === null ? null : { target, middlewares: [], errorHandlers: [] }
  }
  const flat = flattened(given)
  // As in Express: what takes an error behind the last handler is there for the errors of those before it.
  const last = flat.findLastIndex((item) => !isErrorHandler(item))
  const target = last === -1 ? null : settledOne(flat[last], frame)
  const middlewares = flat.slice(0, Math.max(last, 0))
  if (target === null || !middlewares.every(isPlainFunction)) return null
  return { target, middlewares, errorHandlers: flat.slice(last + 1) as AnyHandler[] }
}

function settledOne(target: unknown, { controller, module }: Pick<Frame, 'controller' | 'module'>): unknown {
  if (Array.isArray(target)) return isActionPair(target) ? target : null
  if (typeof target === 'function') return isPlainFunction(target) ? target : null
  if (typeof target !== 'string') return null
  if (/^[\w/-]+#[\w$]+$/.test(target)) return `${module}${target}`
  if (controller === null || !/^[A-Za-z_$][\w$]*$/.test(target)) return null
  return typeof controller === 'string' ? `${module}${controller}#${target}` : [controller, target]
}

/** `[auth, 'orders#show']` is a middleware with an action behind it, `[Orders, 'show']` is an action. */
function isActionPair(list: readonly unknown[]): boolean {
  return (
    list.length === 2 &&
    typeof list[0] === 'function' &&
    typeof list[1] === 'string' &&
    !list[1].includes('#')
  )
}

/** Lists within lists, as Express takes them; the pairs that are actions stay whole. */
function flattened(list: readonly unknown[]): unknown[] {
  return list.flatMap((item) => (Array.isArray(item) && !isActionPair(item) ? flattened(item) : [item]))
}

/** By the number of its parameters, as in Express. */
export function isErrorHandler(item: unknown): boolean {
  return typeof item === 'function' && item.length === 4
}

/** A controller without an action is a mistake, not a handler. */
export function isPlainFunction(item: unknown): item is AnyHandler {
  return typeof item === 'function' && !/^class\b/.test(Function.prototype.toString.call(item))
}

export function wordOf(path: string): string {
  return path
    .replaceAll(/[()]/g, '')
    .replace(/^\/|\/$/g, '')
    .replace(/[-/]/g, '_')
}

export function nameIn({ names, order }: Frame, word: string): string {
  const words = word === '' ? names : order === 'verb-first' ? [word, ...names] : [...names, word]
  return words.join('_')
}

/** `''` takes the module of a namespace away again. */
export function moduleIn(frame: Frame, module: string | undefined): string {
  return module === undefined || module === '' ? frame.module : `${frame.module}${module}/`
}
