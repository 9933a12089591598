/**
 * What a route asks of a request besides method and path: host, subdomain, headers, a check of one's own; and
 * patterns of parameters. All of it is settled where the route is drawn; a request only runs the checks of the
 * routes that have some, after their path has matched.
 */
import type { IncomingMessage } from 'node:http'
import { inspect } from 'node:util'
import { didYouMean, isThenable } from '../kernel'
import { BadConstraintError, ConstraintFailedError } from './errors'

/** The request as a check sees it: with whatever earlier middleware put on it. */
export type ConstraintRequest = IncomingMessage & { readonly [member: string]: unknown }

/** Must answer at once; a promise is refused, because it would always count as `true`. */
export type ConstraintCheck = (request: ConstraintRequest) => boolean

/** What constraints may name besides parameters. */
export interface RequestConstraints {
  /** Without port, in lower case; behind a proxy the one that Express trusts (`req.hostname`). */
  readonly host?: string | RegExp
  /** What stands in front of the last two labels of the host (setting `subdomain offset`): `api` of `api.example.com`, or nothing. */
  readonly subdomain?: string | RegExp
  /** All of them have to be there and to match whole (text) or in part (regular expression). */
  readonly headers?: Readonly<Record<string, string | RegExp>>
  /** A check of one's own. One that throws answers the request with an error; it never lets it pass. */
  readonly request?: ConstraintCheck
}

/** Names of parameters with what they may be, and the names in `RequestConstraints`. */
export type Constraints =
  | ConstraintCheck
  | (RequestConstraints & {
      readonly [param: string]: RegExp | RequestConstraints[keyof RequestConstraints]
    })

/** One check, settled. */
export interface Condition {
  /** As in the route list; conditions of equal text mean the same. */
  readonly text: string
  readonly test: ConstraintCheck
}

/** What a parameter may be. Shared by all routes below the constraint, to tell whether any of them has it. */
export interface ParamPattern {
  readonly source: string
  isUsed: boolean
}

export interface SettledConstraints {
  readonly conditions: readonly Condition[]
  readonly params: Readonly<Record<string, ParamPattern>>
}

const reserved = ['host', 'subdomain', 'headers', 'request']

/** @throws BadConstraintError */
export function settleConstraints(given: unknown, source: string): SettledConstraints {
  if (typeof given === 'function') return { conditions: [checkOf(given)], params: {} }
  if (given === undefined) return { conditions: [], params: {} }
  if (typeof given !== 'object' || given === null || Array.isArray(given) || given instanceof RegExp) {
    throw new BadConstraintError({ given, reason: 'is neither a function nor an object', source })
  }
  const conditions: Condition[] = []
  const params: Record<string, ParamPattern> = {}
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue
    if (key === 'request') {
      if (typeof value !== 'function') refuse(given, 'has a "request" that is no function', source)
      conditions.push(checkOf(value))
    } else if (key === 'host') conditions.push(textCondition('host', value, hostOf, source))
    else if (key === 'subdomain') conditions.push(textCondition('subdomain', value, subdomainOf, source))
    else if (key === 'headers') conditions.push(...headerConditions(value, source))
    else params[key] = paramPattern(key, value, source)
  }
  return { conditions, params }
}

/**
 * Whether a request passes.
 *
 * @throws ConstraintFailedError when a check throws or answers with a promise.
 */
export function passes(
  { conditions, pattern, source }: { conditions: readonly Condition[]; pattern: string; source: string },
  request: ConstraintRequest,
): boolean {
  for (const { text, test } of conditions) {
    let answer: unknown
    try {
      answer = test(request)
    } catch (cause) {
      throw new ConstraintFailedError({ text, pattern, source, reason: 'threw an error' }, { cause })
    }
    if (isThenable(answer)) {
      answer.then(undefined, () => undefined)
      throw new ConstraintFailedError({ text, pattern, source, reason: 'answered with a promise' })
    }
    if (!answer) return false
  }
  return true
}

function refuse(given: unknown, reason: string, source: string): never {
  throw new BadConstraintError({ given, reason, source })
}

const checkIds = new WeakMap<object, number>()
let lastCheckId = 0

/** Two functions are the same check only when they are the same function. */
function checkOf(check: unknown): Condition {
  let id = checkIds.get(check as object)
  if (id === undefined) checkIds.set(check as object, (id = ++lastCheckId))
  const name = (check as { name: string }).name
  return {
    text: `${name === '' || name === 'request' ? 'check' : name}#${id}`,
    test: check as ConstraintCheck,
  }
}

function textCondition(
  name: string,
  expected: unknown,
  read: (request: ConstraintRequest) => string | undefined,
  source: string,
): Condition {
  const shown = `${name}: ${inspect(expected)}`
  if (typeof expected === 'string' && (expected !== '' || name === 'subdomain')) {
    const wanted = name === 'host' || name === 'subdomain' ? expected.toLowerCase() : expected
    return { text: shown, test: (request) => read(request) === wanted }
  }
  if (!(expected instanceof RegExp)) refuse(expected, `is neither a text nor a RegExp for "${name}"`, source)
  // Such an expression remembers where it stopped, and would answer differently every other time.
  if (expected.global || expected.sticky) refuse(expected, 'has the flag "g" or "y"', source)
  return {
    text: shown,
    test: (request) => {
      const value = read(request)
      return value !== undefined && expected.test(value)
    },
  }
}

function headerConditions(headers: unknown, source: string): Condition[] {
  if (typeof headers !== 'object' || headers === null) refuse(headers, 'is no object of headers', source)
  return Object.entries(headers).map(([name, expected]) => {
    const key = name.toLowerCase()
    return textCondition(`header ${key}`, expected, ({ headers }) => joined(headers?.[key]), source)
  })
}

function joined(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header
}

function paramPattern(name: string, value: unknown, source: string): ParamPattern {
  if (!(value instanceof RegExp)) {
    const hint = didYouMean(name, reserved)
    refuse(
      { [name]: value },
      `has "${name}", which is neither one of ${reserved.join(', ')} nor a parameter with a RegExp.${hint}`,
      source,
    )
  }
  if (value.flags !== '') {
    refuse(value, `has flags; the case of parameters is compared as the router is told to`, source)
  }
  return { source: value.source, isUsed: false }
}

/** Express's `hostname` where there is one: it knows which proxies to believe. */
function hostOf(request: ConstraintRequest): string {
  // HTTP/2 has an authority in place of the header.
  const host = textOf(request.hostname) ?? request.headers?.host ?? textOf(request.authority) ?? ''
  // An IPv6 address stands in brackets, and has colons inside of them.
  return host.replace(/:\d*$/, '').toLowerCase()
}

function textOf(member: unknown): string | undefined {
  return typeof member === 'string' ? member : undefined
}

/** Express's `subdomains`, the other way round, where there are some. */
function subdomainOf(request: ConstraintRequest): string {
  const known = request.subdomains
  if (Array.isArray(known)) return [...known].reverse().join('.').toLowerCase()
  const host = hostOf(request)
  if (host.startsWith('[') || /^\d+(?:\.\d+){3}$/.test(host)) return ''
  return host.split('.').slice(0, -2).join('.')
}
