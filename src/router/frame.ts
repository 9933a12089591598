/** What is known where a route is drawn: prefixes, controller, defaults; and what that makes of a target and a name. */
import type { ControllerRef } from './target'

export interface Frame {
  readonly path: string
  readonly names: readonly string[]
  /** `favorite_article` (member, collection) or `article_preview` (everywhere else). */
  readonly order: 'verb-first' | 'verb-last'
  /** Empty, or ends with `/`. */
  readonly module: string
  readonly controller: ControllerRef | null
  readonly defaults: Readonly<Record<string, string>>
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
  resource: null,
}

/** The target in its final form, or `null` when it is none. */
export function settledTarget(
  target: unknown,
  { controller, module }: Pick<Frame, 'controller' | 'module'>,
): unknown {
  if (Array.isArray(target)) {
    return target.length === 2 && typeof target[0] === 'function' && typeof target[1] === 'string'
      ? target
      : null
  }
  if (typeof target === 'function') return isClass(target) ? null : target
  if (typeof target !== 'string') return null
  if (/^[\w/-]+#[\w$]+$/.test(target)) return `${module}${target}`
  if (controller === null || !/^[A-Za-z_$][\w$]*$/.test(target)) return null
  return typeof controller === 'string' ? `${module}${controller}#${target}` : [controller, target]
}

/** A controller without an action is a mistake, not a handler. */
function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value))
}

export function wordOf(path: string): string {
  return path.replace(/^\/|\/$/g, '').replace(/[-/]/g, '_')
}

export function nameIn({ names, order }: Frame, word: string): string {
  const words = word === '' ? names : order === 'verb-first' ? [word, ...names] : [...names, word]
  return words.join('_')
}
