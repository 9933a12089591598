/**
 * Reads `Authorization` headers as Rails does: `Token token="abc", nonce="x"`, `Bearer abc`, `Basic dXNlcjpwYXNz`.
 * Source: ActionController::HttpAuthentication.
 */
import { createHash, timingSafeEqual } from 'node:crypto'

/** A token with the further pairs of the header. */
export interface HttpToken {
  readonly token: string
  readonly options: Readonly<Record<string, string>>
}

/** The token of a `Token` or `Bearer` header, or `null` when there is none or it is blank. */
export function parseToken(authorization: string | undefined): HttpToken | null {
  const scheme = /^(?:Token|Bearer)\s+/i.exec(authorization ?? '')
  if (scheme === null) return null
  const [first, ...pairs] = authorization!
    .slice(scheme[0].length)
    .split(/[,;\t]/)
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
  if (first === undefined) return null
  // `Bearer abc` names no key; a token may itself contain "=".
  const token = unquoted(first.startsWith('token=') ? first.slice('token='.length) : first)
  if (token.trim() === '') return null
  const options: Record<string, string> = Object.create(null)
  for (const pair of pairs) {
    const [name, value] = splitPair(pair)
    options[name] = value
  }
  return { token, options }
}

/** Name and password of a `Basic` header, or `null`. A password may contain colons. */
export function parseBasic(authorization: string | undefined): { name: string; password: string } | null {
  const encoded = /^Basic\s+([\w+/=-]+)\s*$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return null
  const decoded = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = decoded.indexOf(':')
  if (colon === -1) return null
  return { name: decoded.slice(0, colon), password: decoded.slice(colon + 1) }
}

/** Whether two secrets are equal, in a time that tells nothing about where they differ or how long they are. */
export function secureCompare(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected))
}

/** The value of `WWW-Authenticate`. Quotes and control characters are dropped from the realm: it is put in quotes. */
export function challenge(scheme: 'Token' | 'Basic', realm: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not reach a header
  return `${scheme} realm="${realm.replace(/["\\\u0000-\u001f\u007f]/g, '')}"`
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return at === -1 ? [pair, ''] : [pair.slice(0, at), unquoted(pair.slice(at + 1))]
}

function unquoted(value: string): string {
  return value.replace(/^"|"$/g, '')
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
