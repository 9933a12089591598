/**
 * Sends a body piece by piece: reads no faster than the client takes it, and lets go of the source when the client
 * leaves. Nothing is written before the first piece is there, so an error until then is still an answer.
 */
import { EventEmitter } from 'node:events'
import { isUint8Array } from 'node:util/types'
import { NotStreamableError } from './errors'
import type { Request, Response } from './messages'
import type { Outgoing } from './send'

/** A Node Readable, a web ReadableStream, a generator or any other iterable of pieces. */
export type StreamSource =
  | AsyncIterable<string | Uint8Array>
  | Iterable<string | Uint8Array>
  | ReadableStream<string | Uint8Array>

interface Pieces {
  next(): Promise<{ readonly done?: boolean; readonly value?: unknown }>
  /** Ends the source early. Never throws, never rejects. */
  close(): void
}

export class StreamBody implements Outgoing {
  readonly #pieces: Pieces

  /** @throws NotStreamableError */
  constructor(source: StreamSource) {
    this.#pieces = piecesOf(source)
  }

  discard(): void {
    this.#pieces.close()
  }

  write(req: Request, res: Response): Promise<void> {
    const pieces = this.#pieces
    if (req.method === 'HEAD') {
      pieces.close()
      res.end()
      return Promise.resolve()
    }
    const flush = flushOf(res)
    return new Promise((resolve, reject) => {
      let isOver = false
      let isWritten = false

      const leave = (): void => {
        isOver = true
        res.off('close', onClose).off('drain', pull)
      }
      const onClose = (): void => {
        leave()
        pieces.close()
        resolve()
      }
      const fail = (error: unknown): void => {
        if (isOver) return
        leave()
        pieces.close()
        // The client must not take half an answer for a whole one.
        if (isWritten || res.headersSent) res.destroy()
        reject(error)
      }
      const pull = (): void => {
        pieces.next().then(push, fail)
      }
      const push = ({ done, value }: { readonly done?: boolean; readonly value?: unknown }): void => {
        if (isOver) return
        if (done) {
          leave()
          res.end()
          return resolve()
        }
        if (typeof value !== 'string' && !isUint8Array(value))
          return fail(new NotStreamableError({ given: `A piece of type ${typeof value}` }))
        try {
          isWritten = true
          const isRoom = res.write(value)
          flush?.call(res)
          if (isRoom) pull()
          else res.once('drain', pull)
        } catch (error) {
          fail(error)
        }
      }

      if (res.destroyed || res.closed) return onClose()
      res.on('close', onClose)
      pull()
    })
  }
}

/**
 * What compression offers on the response: without it, pieces wait until there are enough of them to be worth it. Node
 * has an inherited `flush` as well, which is deprecated and means something else.
 */
function flushOf(res: Response): (() => void) | null {
  return Object.hasOwn(res, 'flush') && typeof res.flush === 'function' ? (res.flush as () => void) : null
}

/** Lets go of a source that was to be sent and never will be. Never throws. */
export function discardSource(source: unknown): void {
  try {
    piecesOf(source as StreamSource).close()
  } catch {
    // It is no source, or a web stream that somebody reads, who lets go of it.
  }
}

function piecesOf(source: StreamSource): Pieces {
  const given = source as unknown
  if (typeof given === 'object' && given !== null) {
    const { getReader, destroy } = given as { getReader?: unknown; destroy?: unknown }
    if (typeof getReader === 'function') return webPieces(given as ReadableStream<string | Uint8Array>)
    const start =
      (given as AsyncIterable<unknown>)[Symbol.asyncIterator] ?? (given as Iterable<unknown>)[Symbol.iterator]
    if (typeof start === 'function') {
      // A Readable may fail before it is read, or while it is let go of; with no listener that ends the process.
      if (given instanceof EventEmitter) given.on('error', ignore)
      return iteratedPieces(
        given,
        start as () => AsyncIterator<unknown>,
        typeof destroy === 'function' ? (destroy as () => void) : null,
      )
    }
  }
  throw new NotStreamableError({ given: given === null ? 'null' : `A ${typeof given}` })
}

function webPieces(source: ReadableStream<string | Uint8Array>): Pieces {
  const reader = source.getReader()
  return {
    next: () => reader.read() as ReturnType<Pieces['next']>,
    close: () => void reader.cancel().catch(() => undefined),
  }
}

function iteratedPieces(
  source: object,
  start: () => AsyncIterator<unknown>,
  destroy: (() => void) | null,
): Pieces {
  let iterator: AsyncIterator<unknown> | null = null
  return {
    next: async () => {
      iterator ??= start.call(source)
      return iterator.next()
    },
    close: () => {
      // A Readable does not wait for its pending read; a generator is asked to end when its own wait is over.
      if (destroy !== null) destroy.call(source)
      else void endEarly(iterator ?? start.call(source))
    },
  }
}

/** Errors of a clean-up have no one to be told to: the answer is settled by then. */
async function endEarly(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.()
  } catch {
    // The source's own ending failed after its answer did.
  }
}

function ignore(): void {}
