/** `wrapParameters('order')`: the members of a JSON body once more under one name, as in Rails. */
import type { Params, Request } from '../http'

/** Kinds of bodies, by Rails' names. */
export type WrapFormat = 'json' | 'url_encoded_form' | 'multipart_form'

export interface WrapOptions {
  /** Only these members. Default: all. */
  readonly include?: readonly string[] | string
  /** All members but these. */
  readonly exclude?: readonly string[] | string
  /** Kinds of bodies that are wrapped. @defaultValue `'json'` */
  readonly format?: readonly WrapFormat[] | WrapFormat
}

/** As declared, with every option present. */
export interface ParamsWrap {
  readonly name: string
  readonly include: readonly string[] | null
  readonly exclude: readonly string[]
  readonly formats: readonly WrapFormat[]
}

export function paramsWrap(
  name: string,
  { include, exclude = [], format = 'json' }: WrapOptions,
): ParamsWrap {
  return {
    name,
    include: include === undefined ? null : [include].flat(),
    exclude: [exclude].flat(),
    formats: [format].flat(),
  }
}

/** Adds the wrapped members to `params`, unless the client sent something of that name. */
export function wrapParams(params: Params, wrap: ParamsWrap, req: Request, body: unknown): void {
  if (wrap.name in params || typeof body !== 'object' || body === null || Array.isArray(body)) return
  const format = formatOf(req.headers['content-type'])
  if (format === null || !wrap.formats.includes(format)) return
  const wrapped: Params = Object.create(null)
  for (const key of Object.keys(body)) {
    if (wrap.include === null ? wrap.exclude.includes(key) : !wrap.include.includes(key)) continue
    // From `params`, where nothing dangerous is left; a path parameter of that name is not the body's.
    if (key in params && key !== '__proto__') wrapped[key] = memberOf(params, body as Params, key)
  }
  params[wrap.name] = wrapped
}

/** `params[key]` is the cleaned member of the body, or a path parameter that stands in its way. */
function memberOf(params: Params, body: Params, key: string): unknown {
  const own = body[key]
  return typeof own === 'object' && own !== null ? params[key] : own
}

function formatOf(contentType: string | undefined): WrapFormat | null {
  const type = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase()
  if (type === 'application/json' || type.endsWith('+json')) return 'json'
  if (type === 'application/x-www-form-urlencoded') return 'url_encoded_form'
  return type === 'multipart/form-data' ? 'multipart_form' : null
}
