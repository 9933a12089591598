/**
 * How the app writes responses (`etag`, `json spaces`, `json replacer`, `json escape`), read at each use:
 * settings made after the mount still take effect.
 */
import { hash } from 'node:crypto'
import type { ResponseSettings } from '../../src/http'

type AppSettings = Record<string, unknown>

interface Routing {
  readonly caseSensitive: boolean
  readonly strict: boolean
}

class ExpressSettings implements ResponseSettings {
  readonly #settings: AppSettings

  constructor(settings: AppSettings) {
    this.#settings = settings
  }

  get etag(): ResponseSettings['etag'] {
    const settings = this.#settings
    if (settings.etag === 'weak') return weakEtag
    return (settings['etag fn'] as ResponseSettings['etag'] | undefined) ?? null
  }

  stringify(value: unknown): string | undefined {
    const settings = this.#settings
    const replacer = settings['json replacer'] as ((key: string, value: unknown) => unknown) | undefined
    const spaces = settings['json spaces'] as string | number | undefined
    // JSON.stringify is much faster without its optional arguments.
    const json = replacer || spaces ? JSON.stringify(value, replacer, spaces) : JSON.stringify(value)
    return settings['json escape'] ? escapeHtml(json) : json
  }
}

/** As Express does: harmless inside a script element. */
function escapeHtml(json: string | undefined): string | undefined {
  return json?.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)
}

/**
 * What Express's default setting makes (its `etag` package: length and SHA-1), by the one-shot hash, which costs
 * less than half of a Hash object. Source: bench/dispatch.mjs.
 */
function weakEtag(body: string | Buffer): string {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  if (length === 0) return 'W/"0-2jmj7l5rSw0yVb/vlWAYkK/YBwk"'
  return `W/"${length.toString(16)}-${hash('sha1', body, 'base64').slice(0, 27)}"`
}

/** How the app compares paths: a guard it mounts sees no more than that. @param app as for `settingsOf`. */
export function routingOf(app: unknown): Routing {
  const settings = (app as { settings?: AppSettings } | undefined)?.settings
  const caseSensitive = Boolean(settings?.['case sensitive routing'])
  const strict = Boolean(settings?.['strict routing'])
  return routings[(caseSensitive ? 2 : 0) + (strict ? 1 : 0)]!
}

const routings: readonly Routing[] = [
  { caseSensitive: false, strict: false },
  { caseSensitive: false, strict: true },
  { caseSensitive: true, strict: false },
  { caseSensitive: true, strict: true },
]

const plain: ResponseSettings = { etag: null, stringify: (value) => JSON.stringify(value) }
const known = new WeakMap<object, ResponseSettings>()

/** @param app the Express app of the request, if there is one (Connect and bare servers have none). */
export function settingsOf(app: unknown): ResponseSettings {
  const settings = (app as { settings?: AppSettings } | undefined)?.settings
  if (settings === undefined) return plain
  let adapted = known.get(settings)
  if (adapted === undefined) known.set(settings, (adapted = new ExpressSettings(settings)))
  return adapted
}
