/**
 * Where lines go, made harmless: a destination that throws, rejects, emits `error` or cannot keep up costs lines and
 * one warning, never the work that logs.
 */
import { isThenable, warnOnce } from '../kernel'

/** Anything lines can be written to. */
export interface Destination {
  write(line: string): unknown
}

/** What waits in memory for a destination that is slower than the lines come; more is dropped. */
export const maxBufferedBytes = 16 * 1024 * 1024

/** pino tells such a stream about each line, in properties: it has to be handed over itself. */
const wantsMetadata = Symbol.for('pino.metadata')

const watched = new WeakSet<object>()

/** What of a stream is asked here; other destinations have none of it. */
interface StreamLike {
  readonly writableLength?: unknown
  readonly [wantsMetadata]?: unknown
  on?: (event: string, listener: (error: unknown) => void) => unknown
}

export function guardDestination(destination: Destination): Destination {
  const stream = destination as Destination & StreamLike
  if (!watched.has(stream)) {
    watched.add(stream)
    // Without a listener the event would end the process.
    if (typeof stream.on === 'function') stream.on('error', complain)
  }
  if (stream[wantsMetadata] === true) return destination
  return {
    write(line) {
      const { writableLength } = stream
      if (typeof writableLength === 'number' && writableLength > maxBufferedBytes) return dropped()
      try {
        const written = stream.write(line)
        if (isThenable(written)) written.then(undefined, complain)
      } catch (error) {
        complain(error)
      }
    },
  }
}

export function complain(error: unknown): void {
  warnOnce(
    'RAGE_W041',
    `Log lines cannot be written: ${error instanceof Error ? error.message : 'the destination failed'}. They are lost until it works again.`,
  )
}

export function dropped(): void {
  warnOnce(
    'RAGE_W042',
    'Log lines come faster than their destination takes them: with 16 MiB waiting, further ones are dropped.',
  )
}
