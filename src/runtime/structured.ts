/**
 * Structured concurrency: pieces of work that begin together and end together. The first failure aborts the others
 * through their signal; nothing is left running when `all` has ended.
 */
import { isThenable } from '../kernel'
import type { ErrorReports, SpanPoint } from '../telemetry'

/** A piece of work; `signal` is aborted when another piece has failed, with its error as the reason. */
export type Piece<T> = (signal: AbortSignal) => T | PromiseLike<T>

/** What `rage.all` takes: functions or, without a way to stop them, promises. */
export type Pieces = readonly (Piece<unknown> | PromiseLike<unknown>)[]

export type Results<Given extends Pieces> = {
  -readonly [K in keyof Given]: Given[K] extends Piece<infer T> ? Awaited<T> : Awaited<Given[K]>
}

export interface AllOptions {
  /** Aborts all pieces, such as the signal of a request or job that is over. */
  readonly signal?: AbortSignal
}

interface World {
  readonly spawn: SpanPoint<'core.task.spawn'>
  readonly await: SpanPoint<'core.task.await'>
  readonly errors: ErrorReports
}

export class Structured {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  /** See `rage.all`. */
  all(pieces: Pieces, { signal }: AllOptions): Promise<unknown[]> {
    const point = this.#world.await
    const run = (): Promise<unknown[]> => this.#run(pieces, signal)
    if (point.idle) return run()
    // A promise of its own: whoever listens to the span handles that of `run`, and the caller's must not count as handled.
    return point.run({ tasks: pieces.length }, run).then((results) => results)
  }

  async #run(pieces: Pieces, outer: AbortSignal | undefined): Promise<unknown[]> {
    const abort = new AbortController()
    const failures: unknown[] = []
    const fail = (error: unknown): void => {
      failures.push(error)
      abort.abort(error)
    }
    const onAbort = (): void => fail(outer!.reason)
    const isTooLate = outer?.aborted === true
    if (isTooLate) onAbort()
    else outer?.addEventListener('abort', onAbort, { once: true })
    // Promises have begun already: unheard, an error of one would end the process.
    const begun = isTooLate ? pieces.filter((piece) => isThenable(piece)) : pieces
    const results = await Promise.all(
      begun.map(async (piece, index) => {
        try {
          return await this.#spawn(piece, index, abort.signal)
        } catch (error) {
          fail(error)
        }
      }),
    )
    outer?.removeEventListener('abort', onAbort)
    if (failures.length === 0) return results
    const [first, ...others] = failures
    // The caller hears of the first; an error of another's own would be heard by nobody.
    for (const error of others)
      if (!isEcho(error, first)) this.#world.errors.report(error, { in: 'rage.all' })
    throw first
  }

  /** One piece begins: at once, in the order given. */
  #spawn(piece: unknown, index: number, signal: AbortSignal): unknown {
    const { spawn } = this.#world
    const run = (): unknown => (typeof piece === 'function' ? (piece as Piece<unknown>)(signal) : piece)
    // A promise has begun before; it has no span of its own.
    if (spawn.idle || isThenable(piece)) return run()
    return spawn.run({ index }, run)
  }
}

/** What a piece throws because it was aborted. */
function isEcho(error: unknown, first: unknown): boolean {
  if (error === first) return true
  const { name, cause } = Object(error) as { name?: unknown; cause?: unknown }
  return name === 'AbortError' || (cause !== undefined && cause === first)
}
