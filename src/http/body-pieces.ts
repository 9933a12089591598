/**
 * Reads a body piece by piece: inflated, bounded in size, bounded in silence, with backpressure, and ending in
 * exactly one way. Leaves no listener and no timer behind.
 */
import type { Readable } from 'node:stream'
import { inflaterFor } from './body-inflater'
import { AbortedBodyError, BodyTooLargeError, MalformedBodyError, SlowBodyError } from './errors'
import type { Request } from './messages'

export interface PieceLimits {
  /** Of the inflated body. */
  readonly limitBytes: number
  /** The option that raises it, for the message. */
  readonly option: string
  /** Longest silence of the client; `0` = no bound. */
  readonly timeoutMs: number
}

/** Is handed each piece; a promise is waited for before the next one. */
export type TakePiece = (piece: Buffer) => Promise<void> | undefined

/** @throws BodyTooLargeError, SlowBodyError, AbortedBodyError, MalformedBodyError, UnsupportedBodyError, what `take` throws */
export function readPieces(req: Request, limits: PieceLimits, take: TakePiece): Promise<void> {
  return new Promise((resolve, reject) => {
    const { limitBytes, option, timeoutMs } = limits
    // Gone while the runtime booted: there will be no event.
    if (req.destroyed) throw new AbortedBodyError({})
    const inflater = inflaterFor(req.headers['content-encoding'])
    // Encoded, a body that does not shrink is a little longer, and empty members could come for ever.
    const sentLimit = inflater === null ? limitBytes : limitBytes + (limitBytes >> 6) + 1024
    if (Number(req.headers['content-length'] ?? 0) > sentLimit) {
      inflater?.destroy()
      throw new BodyTooLargeError({ limitBytes, option })
    }
    const source: Readable = inflater ?? req
    let sent = 0
    let size = 0
    let isTaking = false
    let isOver = false

    const leave = (): void => {
      isOver = true
      clearTimeout(timer)
      req.off('close', onAbort).off('error', onAbort)
      source.off('data', onPiece).off('end', onEnd)
      if (inflater === null) return
      req.off('data', onSent)
      req.unpipe(inflater)
      inflater.off('error', onCorrupt).on('error', ignore)
      inflater.destroy()
    }
    const fail = (error: unknown): void => {
      if (isOver) return
      leave()
      reject(error)
    }
    const onAbort = (): void => {
      // Closed after all of it was read: only the inflater is still busy.
      if (inflater === null || !req.readableEnded) fail(new AbortedBodyError({}))
    }
    const onCorrupt = (cause: Error): void =>
      fail(new MalformedBodyError({ type: String(req.headers['content-encoding']) }, { cause }))
    const onSent = (piece: Buffer | string): void => {
      sent += piece.length
      timer?.refresh()
      if (sent > sentLimit) fail(new BodyTooLargeError({ limitBytes, option }))
    }
    const onPiece = (given: Buffer | string): void => {
      // An earlier middleware may have called setEncoding().
      const piece = typeof given === 'string' ? Buffer.from(given, req.readableEncoding ?? 'utf8') : given
      size += piece.length
      if (size > limitBytes) return fail(new BodyTooLargeError({ limitBytes, option }))
      timer?.refresh()
      try {
        const taken = take(piece)
        if (taken !== undefined) holdUntil(taken)
      } catch (error) {
        // Thrown from here it would end the process.
        fail(error)
      }
    }
    const holdUntil = (taken: Promise<void>): void => {
      isTaking = true
      source.pause()
      taken.then(() => {
        isTaking = false
        if (isOver) return
        timer?.refresh()
        source.resume()
      }, fail)
    }
    const onEnd = (): void => {
      leave()
      resolve()
    }
    const onSilence = (): void => {
      // Silent because we hold it back, or because all of it is here.
      if (isTaking || req.isPaused() || req.complete) timer?.refresh()
      else fail(new SlowBodyError({ timeoutMs }))
    }

    const timer = timeoutMs === 0 ? undefined : setTimeout(onSilence, timeoutMs).unref()
    req.on('close', onAbort).on('error', onAbort)
    if (inflater !== null) {
      inflater.on('error', onCorrupt)
      req.on('data', onSent).pipe(inflater)
    }
    source.on('data', onPiece).on('end', onEnd)
  })
}

function ignore(): void {}
