/**
 * The parameters of an action: query, then body, then path, later ones winning, as in Rails: nobody can
 * replace the id of the path by one in the body.
 */
import { ParamsTooDeepError } from './errors'
import { parseForm } from './form'
import type { Request } from './messages'

/** Values are what the client sent: strings from path and query, JSON values from the body. */
export type Params = Record<string, unknown>

/**
 * @param path decoded path parameters and route defaults.
 * @param body the parsed body; an array arrives as `_json`, as in Rails.
 * @throws ParamsTooDeepError
 */
export function buildParams(
  path: Readonly<Record<string, unknown>>,
  req: Request,
  body: unknown,
  maxDepth: number,
): Params {
  const params: Params = Object.create(null)
  merge(params, queryOf(req), maxDepth)
  if (Array.isArray(body)) params._json = safe(body, maxDepth - 1, maxDepth)
  else if (typeof body === 'object' && body !== null && !Buffer.isBuffer(body))
    merge(params, body as Params, maxDepth)
  for (const name in path) params[name] = path[name]
  return params
}

/** The host's parsed query, or our own parse where there is none. */
function queryOf(req: Request): Params {
  const { query } = req
  if (typeof query === 'object' && query !== null) return query as Params
  const url = req.url ?? '/'
  const start = url.indexOf('?')
  return start === -1 ? {} : parseForm(url.slice(start + 1))
}

function merge(params: Params, source: Params, maxDepth: number): void {
  for (const name of Object.keys(source)) {
    if (name !== '__proto__') params[name] = safe(source[name], maxDepth - 1, maxDepth)
  }
}

/** The value itself when nothing in it is dangerous, which is nearly always; else a copy without `__proto__` keys. */
function safe(value: unknown, depth: number, maxDepth: number): unknown {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  if (depth === 0) throw new ParamsTooDeepError({ maxDepth })
  let copy: Record<string, unknown> | unknown[] | null = null
  for (const name of Object.keys(value)) {
    const member = (value as Params)[name]
    const clean = name === '__proto__' ? undefined : safe(member, depth - 1, maxDepth)
    if (clean === member && name !== '__proto__') continue
    copy ??= Array.isArray(value) ? [...value] : { ...value }
    if (name === '__proto__') delete (copy as Params)[name]
    else (copy as Params)[name] = clean
  }
  return copy ?? value
}
