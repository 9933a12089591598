/** Media types by extension and by header. The seam of mime-types and type-is. */
import mime from 'mime-types'
import typeIs from 'type-is'
import type { Request } from '../../src/http'

const unknown = 'application/octet-stream'

/** `html` is `text/html`; a media type is itself. */
export function mediaTypeOf(word: string): string {
  if (!word.includes('/')) return mime.lookup(word) || unknown
  const end = word.indexOf(';')
  return (end === -1 ? word : word.slice(0, end)).trim()
}

/** With a charset where the type has one: `html` is `text/html; charset=utf-8`. */
export function contentTypeOf(word: string): string {
  return mime.contentType(word) || unknown
}

/** Adds the charset that goes with a type, unless it has one; `null` = a type nobody knows. */
export function withUsualCharset(type: string): string | null {
  return mime.contentType(type) || null
}

/** For Express 4, which leaves unknown types as they are. */
export function usualCharset(type: string): string | null {
  return mime.charset(type) || null
}

const parameter = /;\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*("(?:\\.|[^"\\])*"|[^\s;]*)/g

/** The type with that charset in place of any other, parameters in order of their names, as content-type writes it. */
export function withCharset(type: string, charset: string): string {
  const end = type.indexOf(';')
  const name = (end === -1 ? type : type.slice(0, end)).trim().toLowerCase()
  if (end === -1) return `${name}; charset=${charset}`
  const parameters = new Map<string, string>()
  for (const [, key, value] of type.matchAll(parameter)) parameters.set(key!.toLowerCase(), value!)
  parameters.set('charset', charset)
  return [
    name,
    ...[...parameters].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`),
  ].join('; ')
}

/** The one of `types` that the request's body has, or `false`; `null` = it has no body. */
export function bodyTypeOf(req: Request, types: readonly string[]): string | false | null {
  return typeIs(req, [...types])
}
