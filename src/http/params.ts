/**
 * The parameters of an action: query, then body, then path, later ones winning, as in Rails: nobody can
 * replace the id of the path by one in the body.
 */
import { MalformedParamsError, ParamsTooDeepError, PollutingParamsError } from './errors'
import { type FormLimits, parseForm } from './form'
import type { Request } from './messages'
import { UploadedFile } from './uploaded-file'

/** Values are what the client sent: strings from path and query, JSON values from the body, files of uploads. */
export type Params = Record<string, unknown>

/**
 * @param path decoded path parameters and route defaults.
 * @param body the parsed body; an array arrives as `_json`, as in Rails.
 * @throws ParamsTooDeepError, PollutingParamsError, MalformedParamsError and, where no host has parsed the query,
 *   those of `parseForm`
 */
export function buildParams(
  path: Readonly<Record<string, unknown>>,
  req: Request,
  body: unknown,
  limits: FormLimits,
): Params {
  const { maxDepth } = limits
  const params: Params = Object.create(null)
  const query = queryOf(req, limits)
  if (query !== null) merge(params, query, maxDepth)
  if (Array.isArray(body)) {
    check(body, maxDepth - 1, maxDepth)
    params._json = body
  } else if (typeof body === 'object' && body !== null && !Buffer.isBuffer(body)) {
    merge(params, body as Params, maxDepth)
    if (req.file !== undefined || req.files !== undefined) addFiles(params, req)
  }
  for (const name in path) {
    const value = path[name]
    if (typeof value === 'string' && value.includes('\0')) throw new MalformedParamsError({ where: 'path' })
    params[name] = value
  }
  return params
}

/** The host's parsed query, or our own parse where there is none; `null` = empty. */
function queryOf(req: Request, limits: FormLimits): Params | null {
  const url = req.url ?? '/'
  const start = url.indexOf('?')
  const { query } = req
  if (typeof query !== 'object' || query === null)
    return start === -1 ? null : parseForm(url.slice(start + 1), limits)
  if (start !== -1 && url.includes('%00', start)) throw new MalformedParamsError({ where: 'query' })
  return query as Params
}

function merge(params: Params, source: Params, maxDepth: number): void {
  for (const name of Object.keys(source)) {
    const value = source[name]
    if (isPolluting(name, value)) throw new PollutingParamsError({ name })
    if (typeof value === 'object') check(value, maxDepth - 1, maxDepth)
    params[name] = value
  }
}

/** Every level, without recursion that a client could make deep: `maxDepth` is at most 1,000. */
function check(value: unknown, depth: number, maxDepth: number): void {
  if (typeof value !== 'object' || value === null) return
  if (Buffer.isBuffer(value) || value instanceof UploadedFile) return
  if (depth === 0) throw new ParamsTooDeepError({ maxDepth })
  if (Array.isArray(value)) {
    for (const member of value) if (typeof member === 'object') check(member, depth - 1, maxDepth)
    return
  }
  for (const name of Object.keys(value)) {
    const member = (value as Params)[name]
    if (isPolluting(name, member)) throw new PollutingParamsError({ name })
    if (typeof member === 'object') check(member, depth - 1, maxDepth)
  }
}

/** What reaches a prototype when somebody merges it: `__proto__`, and `constructor` that holds a `prototype`. */
function isPolluting(name: string, value: unknown): boolean {
  if (name === '__proto__') return true
  return (
    name === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
  )
}

/**
 * Files that multer or express-fileupload received, under the names of their fields: one from `single()`, lists
 * from `array()`, `any()` and `fields()`, and what express-fileupload has, as it is.
 */
function addFiles(params: Params, req: Request): void {
  const { file, files } = req
  if (!/^multipart\//i.test(req.headers['content-type'] ?? '')) return
  if (isFile(file)) addFile(params, file.fieldname, file)
  if (Array.isArray(files)) {
    const lists = new Map<string, unknown[]>()
    for (const one of files.filter(isFile)) {
      const list = lists.get(one.fieldname)
      if (list === undefined) lists.set(one.fieldname, [one])
      else list.push(one)
    }
    for (const [name, list] of lists) addFile(params, name, list)
  } else if (typeof files === 'object' && files !== null) {
    for (const [name, value] of Object.entries(files)) addFile(params, name, value)
  }
}

function addFile(params: Params, name: string, value: unknown): void {
  if (name === '__proto__') throw new PollutingParamsError({ name })
  params[name] = value
}

function isFile(value: unknown): value is { readonly fieldname: string } {
  return typeof (value as { fieldname?: unknown } | null | undefined)?.fieldname === 'string'
}
