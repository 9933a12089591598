/**
 * Express's settings and what it compiles from them (`trust proxy` to a function, ...), for the API that stands in
 * where there is no Express.
 */
import { parse as parseSimple } from 'node:querystring'
import { parseExtendedQuery, type ResponseSettings, strongBodyEtag, weakBodyEtag } from '../../src/http'
import { UnknownSettingValueError } from './errors'
import { compileTrust, type Trust } from './proxy'

export type Major = 4 | 5
export type EtagMaker = (body: string | Buffer, encoding?: BufferEncoding) => string | undefined
export type QueryParser = (query: string | undefined) => Record<string, unknown>

export class Settings {
  /** By their names in Express, compiled ones (`'etag fn'`) included. */
  readonly values: Record<string, unknown> = Object.create(null)
  /** Of `'etag'`; `null` = no tags. */
  etag: EtagMaker | null = null
  /** Of `'query parser'`; `null` = no parsing. */
  queryParser: QueryParser | null = null
  /** Of `'trust proxy'`. */
  trust: Trust = () => false
  readonly #major: Major

  constructor(major: Major) {
    this.#major = major
  }

  set(name: string, value: unknown): void {
    this.values[name] = value
    if (name === 'etag') this.values['etag fn'] = (this.etag = etagOf(value)) ?? undefined
    else if (name === 'query parser')
      this.values['query parser fn'] = (this.queryParser = queryParserOf(value, this.#major)) ?? undefined
    else if (name === 'trust proxy') this.values['trust proxy fn'] = this.trust = compileTrust(value)
  }

  stringify(value: unknown): string | undefined {
    const replacer = this.values['json replacer'] as ((key: string, value: unknown) => unknown) | undefined
    const spaces = this.values['json spaces'] as string | number | undefined
    // JSON.stringify is much faster without its optional arguments.
    const json = replacer || spaces ? JSON.stringify(value, replacer, spaces) : JSON.stringify(value)
    return this.values['json escape'] && typeof json === 'string' ? escaped(json) : json
  }

  /** The same settings, as controllers take them; later changes show. */
  get response(): ResponseSettings {
    const settings = this
    return {
      get etag() {
        return settings.etag
      },
      stringify: (value) => settings.stringify(value),
    }
  }
}

/** Harmless inside a script element. */
function escaped(json: string): string {
  return json.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)
}

function etagOf(value: unknown): EtagMaker | null {
  if (typeof value === 'function') return value as EtagMaker
  if (value === true || value === 'weak') return weakBodyEtag
  if (value === 'strong') return strongBodyEtag
  if (value === false || value === undefined) return null
  throw new UnknownSettingValueError({ setting: 'etag', given: value, expected: 'weak, strong or a boolean' })
}

/** Longest arrays in a query, by the version of Express. */
const arrayLimits = { 4: 1_000, 5: 20 } as const

function queryParserOf(value: unknown, major: Major): QueryParser | null {
  if (typeof value === 'function') return value as QueryParser
  if (value === true || value === 'simple') return (query) => parseSimple(query ?? '')
  if (value === 'extended') return (query) => parseExtendedQuery(query ?? '', arrayLimits[major])
  if (value === false || value === undefined) return null
  throw new UnknownSettingValueError({
    setting: 'query parser',
    given: value,
    expected: 'simple, extended, a boolean or a function',
  })
}
