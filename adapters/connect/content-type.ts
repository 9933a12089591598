/** Media types by extension and by header. The seam of mime-types and type-is. */
import mime from 'mime-types'
import typeIs from 'type-is'
import type { Request } from '../../src/http'
import type { Major } from './settings'

const unknown = 'application/octet-stream'

/** What Express 4 calls otherwise and browsers care about; its table of 2017 has some more. */
const olderTypes: Readonly<Record<string, string>> = { 'text/javascript': 'application/javascript' }

/** `html` is `text/html`; a media type is itself. */
export function mediaTypeOf(word: string, major: Major): string {
  if (!word.includes('/')) return typeOfName(word, major)
  const end = word.indexOf(';')
  return (end === -1 ? word : word.slice(0, end)).trim()
}

/** With a charset where the type has one: `html` is `text/html; charset=utf-8`. */
export function contentTypeOf(word: string, major: Major): string {
  return major === 5 ? mime.contentType(word) || unknown : typeOfName(word, major)
}

/** Of a file, as Express 4 writes it. */
export function olderFileType(path: string): string {
  const type = typeOfName(path, 4)
  return /^text\/|^application\/(?:javascript|json)$/.test(type) ? `${type}; charset=UTF-8` : type
}

function typeOfName(name: string, major: Major): string {
  const type = mime.lookup(name) || unknown
  return major === 4 ? (olderTypes[type] ?? type) : type
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

/** The type with that charset in place of any other; Express 4 sorts the parameters by name. */
export function withCharset(type: string, charset: string, major: Major): string {
  const end = type.indexOf(';')
  const name = (end === -1 ? type : type.slice(0, end)).trim().toLowerCase()
  if (end === -1) return `${name}; charset=${charset}`
  const parameters = new Map<string, string>()
  for (const [, key, value] of type.matchAll(parameter)) parameters.set(key!.toLowerCase(), value!)
  parameters.set('charset', charset)
  const entries = [...parameters]
  if (major === 4) entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return [name, ...entries.map(([key, value]) => `${key}=${value}`)].join('; ')
}

/** The one of `types` that the request's body has, or `false`; `null` = it has no body. */
export function bodyTypeOf(req: Request, types: readonly string[]): string | false | null {
  return typeIs(req, [...types])
}
