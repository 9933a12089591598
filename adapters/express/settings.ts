/**
 * How the app writes responses (`etag`, `json spaces`, `json replacer`, `json escape`), read at each use:
 * settings made after the mount still take effect.
 */
import { type ResponseSettings, weakBodyEtag } from '../../src/http'

type AppSettings = Record<string, unknown>

export interface Routing {
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
    if (settings.etag === 'weak') return weakBodyEtag
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

/** How the app compares paths: a guard it mounts sees no more than that. @param app as for `settingsOf`. */
export function routingOf(app: unknown): Routing {
  const settings = (app as { settings?: AppSettings } | undefined)?.settings
  return rulesFor(Boolean(settings?.['case sensitive routing']), Boolean(settings?.['strict routing']))
}

/** The same object for the same rules. */
export function rulesFor(caseSensitive: boolean, strict: boolean): Routing {
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
