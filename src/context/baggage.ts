/**
 * W3C Baggage: names and values that travel with a request through all services. They come from outside and go
 * everywhere the request goes: nothing secret belongs there, and nothing in it can be trusted.
 *
 *     baggage: tenant=acme,region=eu%20west;ttl=30
 *
 * Bad members are left out, and so are those beyond the limits of section 3.3.2: 64 members, 8192 bytes.
 */

/** One value with what came behind it: properties are handed on, not read. */
export interface BaggageEntry {
  readonly value: string
  /** As they came, without the first `;`. `null` = none. */
  readonly properties: string | null
}

/** By name, in the order they came. */
export type Baggage = ReadonlyMap<string, BaggageEntry>

export const baggageLimits = { members: 64, bytes: 8192 } as const

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const encodedValue = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/
const property =
  /^[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*(?:=[ \t]*[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*[ \t]*)?$/

/**
 * @param header several headers of the name are one, joined by commas.
 * @returns `null` when nothing of it is baggage.
 */
export function parseBaggage(header: unknown): Baggage | null {
  const text = Array.isArray(header) ? header.join(',') : header
  if (typeof text !== 'string' || text === '') return null
  const baggage = new Map<string, BaggageEntry>()
  let bytes = 0
  // A header is ASCII; whatever is not, is no member.
  for (const member of text.split(',', baggageLimits.members)) {
    const cost = member.length + (bytes === 0 ? 0 : 1)
    if (bytes + cost > baggageLimits.bytes) break
    const [pair, ...properties] = member.split(';') as [string, ...string[]]
    const split = pair.indexOf('=')
    const name = pair.slice(0, split).trim()
    const value = pair.slice(split + 1).trim()
    if (split < 1 || !token.test(name) || !encodedValue.test(value) || !properties.every(isProperty)) continue
    bytes += cost
    baggage.set(name, {
      value: decoded(value),
      properties: properties.length === 0 ? null : properties.map((each) => each.trim()).join(';'),
    })
  }
  return baggage.size === 0 ? null : baggage
}

function isProperty(text: string): boolean {
  return property.test(text)
}

/** Bytes that are no UTF-8 become U+FFFD (section 3.3.1.3); a `%` that encodes nothing stays. */
function decoded(value: string): string {
  if (!value.includes('%')) return value
  const bytes: number[] = []
  for (let at = 0; at < value.length; at++) {
    const digits = value.slice(at + 1, at + 3)
    if (value[at] === '%' && /^[0-9a-fA-F]{2}$/.test(digits)) {
      bytes.push(Number.parseInt(digits, 16))
      at += 2
    } else bytes.push(value.charCodeAt(at))
  }
  return Buffer.from(bytes).toString('utf8')
}

/** The header for what is called; members that would pass the limits are left out. `''` = nothing to send. */
export function formatBaggage(baggage: Baggage | null, limitBytes: number = baggageLimits.bytes): string {
  if (baggage === null) return ''
  let header = ''
  let members = 0
  for (const [name, { value, properties }] of baggage) {
    if (!token.test(name)) continue
    const member = `${name}=${encoded(value)}${properties === null ? '' : `;${properties}`}`
    const separator = header === '' ? '' : ','
    if (header.length + separator.length + member.length > limitBytes) continue
    header += separator + member
    members += 1
    if (members === baggageLimits.members) break
  }
  return header
}

/** `%` itself, and whatever may not stand in a value, as UTF-8. */
function encoded(value: string): string {
  return value.replace(/[^\x21\x23\x24\x26-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+/g, (run) =>
    [...Buffer.from(run, 'utf8')].map((byte) => `%${hexPairs[byte]!}`).join(''),
  )
}

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
