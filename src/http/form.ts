/**
 * Names and values of forms and query strings as nested parameters, by Express's `extended` rules: `a[b]=1`,
 * `a[]=1`, repeated names. The seam of `qs`. Stricter than qs in what only an attack or a bug sends: broken
 * `%` escapes, text that is not in its charset, NUL, names such as `__proto__`.
 */
import { parse } from 'qs'
import { MalformedBodyError, ParamsTooDeepError, PollutingParamsError, TooManyParamsError } from './errors'

export interface FormLimits {
  readonly maxDepth: number
  readonly maxParams: number
}

export type FormCharset = 'utf-8' | 'iso-8859-1'

/** What a form holds; plain objects and arrays, as Express makes them. */
export type Form = Record<string, unknown>

/**
 * @param source `a=1&b[c]=2`, still percent-encoded.
 * @throws MalformedBodyError, TooManyParamsError, ParamsTooDeepError, PollutingParamsError
 */
export function parseForm(source: string, limits: FormLimits, charset: FormCharset = 'utf-8'): Form {
  if (source === '') return {}
  const params = countParams(source, limits.maxParams)
  return nest(source, params, limits, charset)
}

/** The same nesting for names and values that need no decoding, as those of multipart forms. Throws as `parseForm`. */
export function nestFields(fields: Readonly<Record<string, string | string[]>>, limits: FormLimits): Form {
  let params = 0
  for (const name in fields) {
    refuseName(name)
    const value = fields[name]!
    params += typeof value === 'string' ? 1 : value.length
  }
  return nest(fields, params, limits, 'utf-8')
}

function nest(
  source: string | Readonly<Record<string, string | string[]>>,
  params: number,
  limits: FormLimits,
  charset: FormCharset,
): Form {
  try {
    return parse(source as string, {
      allowPrototypes: true,
      // As body-parser does: no array is longer than the parameters that were sent.
      arrayLimit: Math.max(100, params),
      depth: limits.maxDepth,
      strictDepth: true,
      parameterLimit: limits.maxParams,
      charset,
      decoder: decodeStrictly,
    }) as Form
  } catch (cause) {
    if (cause instanceof RangeError) throw new ParamsTooDeepError({ maxDepth: limits.maxDepth }, { cause })
    if (cause instanceof URIError) throw new MalformedBodyError({ type: 'urlencoded form' }, { cause })
    throw cause
  }
}

function countParams(source: string, maxParams: number): number {
  let count = 1
  for (let at = source.indexOf('&'); at !== -1; at = source.indexOf('&', at + 1)) {
    count += 1
    if (count > maxParams) throw new TooManyParamsError({ maxParams })
  }
  return count
}

/** qs's own decoder keeps what it cannot decode; a parameter that means something else than was sent is worse. */
function decodeStrictly(source: string, _: unknown, charset: string, type?: 'key' | 'value'): string {
  let text = source.includes('+') ? source.replaceAll('+', ' ') : source
  if (text.includes('%')) text = charset === 'utf-8' ? decodeURIComponent(text) : decodeLatin(text)
  if (text.includes('\0')) throw new MalformedBodyError({ type: 'urlencoded form' })
  if (type === 'key') refuseName(text)
  return text
}

function decodeLatin(text: string): string {
  if (/%(?![0-9a-f]{2})/i.test(text)) throw new URIError('malformed escape')
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** qs drops these names silently; whoever sends one means harm, and is told so. */
function refuseName(name: string): void {
  if (name.includes('__proto__') && /(?:^|\[)__proto__(?:\]|\[|$)/.test(name))
    throw new PollutingParamsError({ name: '__proto__' })
}

/**
 * A query as Express's parser `extended` reads it; `__proto__` is dropped by qs itself.
 *
 * @param arrayLimit longest array: what has more elements becomes an object.
 */
export function parseExtendedQuery(query: string, arrayLimit: number): Record<string, unknown> {
  return parse(query, { allowPrototypes: true, arrayLimit })
}
