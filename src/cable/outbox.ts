/**
 * Joins what is written to a socket within one tick into one write. The system call dominates the cost of a
 * small message, so a burst of ten costs little more than one (bench/cable.mjs, fanout_burst_vs_naive).
 */

/** A socket with frames waiting for the end of the tick. */
export interface Flushable {
  flush(): void
}

export class Outbox {
  #waiting: Flushable[] = []
  #lastFrames: readonly Buffer[] = []
  #lastJoined: Buffer = Buffer.alloc(0)

  /** Flushes the socket at the end of the tick. A socket schedules itself once per tick. */
  schedule(socket: Flushable): void {
    if (this.#waiting.push(socket) === 1) process.nextTick(this.#flush)
  }

  /** All clients of a stream usually receive the same burst: it is joined once, and the buffer shared. */
  join(frames: readonly Buffer[]): Buffer {
    if (!sameFrames(frames, this.#lastFrames)) {
      this.#lastJoined = Buffer.concat(frames)
      this.#lastFrames = frames
    }
    return this.#lastJoined
  }

  readonly #flush = (): void => {
    const sockets = this.#waiting
    this.#waiting = []
    for (const socket of sockets) socket.flush()
    this.#lastFrames = []
    this.#lastJoined = Buffer.alloc(0)
  }
}

function sameFrames(some: readonly Buffer[], others: readonly Buffer[]): boolean {
  if (some.length !== others.length) return false
  for (let index = 0; index < some.length; index++) if (some[index] !== others[index]) return false
  return true
}
