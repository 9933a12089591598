/**
 * Entity tags as Express's `etag` setting makes them (its `etag` package: length and SHA-1), by the one-shot hash,
 * which costs less than half of a Hash object. The last short text keeps its tag: what clients poll is often the
 * same again, and comparing texts costs a tenth of hashing one. Source: bench/dispatch.mjs, bench/front.mjs.
 */
import { hash } from 'node:crypto'

/** Longer ones are not kept: they would occupy memory for nothing. In characters. */
const longestKept = 4_096

let lastText = ''
let lastTag = '"0-2jmj7l5rSw0yVb/vlWAYkK/YBwk"'

export function strongBodyEtag(body: string | Buffer): string {
  if (body === lastText) return lastTag
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  const tag = `"${length.toString(16)}-${hash('sha1', body, 'base64').slice(0, 27)}"`
  if (typeof body === 'string' && length <= longestKept) {
    lastText = body
    lastTag = tag
  }
  return tag
}

export function weakBodyEtag(body: string | Buffer): string {
  return `W/${strongBodyEtag(body)}`
}
