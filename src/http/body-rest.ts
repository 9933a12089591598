/**
 * What to do with the rest of a body that was refused. A little of it is read and thrown away, so that a client
 * that is still sending sees the answer; of more, nothing is read, and the connection ends with the answer.
 */
import type { Request, Response } from './messages'

/** At most this much, for this long. */
const discardBytes = 1_048_576
const discardMs = 1_000

/** @param isSlow the client was too slow already: it is not waited for again. */
export async function discardRest(req: Request, res: Response, isSlow: boolean): Promise<void> {
  if (req.destroyed || req.readableEnded) return
  if (req.complete) {
    req.resume()
    return
  }
  const isSmall = !isSlow && !(Number(req.headers['content-length'] ?? 0) > discardBytes)
  if (isSmall && (await ends(req))) return
  giveUp(req, res)
}

function ends(req: Request): Promise<boolean> {
  return new Promise((resolve) => {
    let discarded = 0
    const leave = (hasEnded: boolean): void => {
      clearTimeout(timer)
      req.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onEnd)
      resolve(hasEnded)
    }
    const onData = (chunk: Buffer | string): void => {
      discarded += chunk.length
      if (discarded > discardBytes) leave(false)
    }
    const onEnd = (): void => leave(true)
    const timer = setTimeout(leave, discardMs, false).unref()
    req.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onEnd)
    req.resume()
  })
}

/**
 * Express's last error handler waits for the end of the request before it answers, however long that takes.
 * For us it has ended: nothing more will be read, and Node closes the connection once the answer is out.
 */
function giveUp(req: Request, res: Response): void {
  req.pause()
  req.complete = true
  req.readable = false
  if (!res.headersSent) res.setHeader('Connection', 'close')
}
