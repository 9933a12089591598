/** How much of a context still fits into what is written with every job: 16 KiB of JSON for all of it. */
import { warnOnce } from '../kernel'
import { type Baggage, formatBaggage } from './baggage'

const limitBytes = 16 * 1024
/** For what always travels: an id of 255 characters, traceparent, a tracestate of 512 that may be escaped, and all the names. */
const reservedBytes = 2 * 1024

export class CarrierRoom {
  #bytes = limitBytes - reservedBytes

  /**
   * Whether the value fits; then it has its place. One that does not is named in a warning, once.
   *
   * @param what the value as the warning calls it.
   * @param value inside of the objects that it is written in.
   * @throws what is thrown where a value cannot be written as JSON
   */
  take(what: string, value: unknown): boolean {
    // And a comma.
    const bytes = Buffer.byteLength(JSON.stringify(value)) + 1
    if (bytes > this.#bytes) {
      warnOfRest(what)
      return false
    }
    this.#bytes -= bytes
    return true
  }

  /** Those that fit, in their order. */
  tags(tags: readonly string[]): readonly string[] {
    return tags.filter((tag) => this.take('A log tag', tag))
  }

  /** The header, with the members that fit into what is left. */
  baggage(baggage: Baggage | null): string {
    const whole = formatBaggage(baggage)
    // ASCII, and nothing in it that JSON escapes.
    if (whole.length <= this.#bytes) return whole
    warnOfRest('A part of the baggage')
    return formatBaggage(baggage, this.#bytes)
  }
}

function warnOfRest(what: string): void {
  warnOnce(
    'RAGE_W004',
    `${what} stayed behind when a job was enqueued: what is stored of the context with each job is at most 16 KiB of JSON. ` +
      'Let an id travel, and load the rest where it is needed.',
    what,
  )
}
