/**
 * An engine as one asks it: whatever the server or the network does, there is an answer, or a coded error, within a
 * time limit.
 */
import { runOutside } from '../context'
import { type Clock, RageError, type Timer } from '../kernel'
import type { DeadStoredJob, Engine, EngineCounts, EngineKind, EngineWorld, StoredJob } from './engine'
import { EngineUnavailableError } from './errors'

/** What a server has time for before we say that it does not answer. */
const answerMs = 5_000
/** The same for whoever reads metrics: a scrape has ten seconds for everything, and tells of the next moment soon. */
const pollMs = 2_000

/** Everything that is asked rejects with an EngineUnavailableError: no answer in time, or an error for an answer. */
export class EngineServer {
  readonly #kind: EngineKind
  readonly #clock: Clock
  #engine: Engine | null = null
  #isClosed = false
  /** The question of `polledCounts` that is under way. */
  #polling: Promise<EngineCounts | null> | null = null

  constructor(kind: EngineKind, clock: Clock) {
    this.#kind = kind
    this.#clock = clock
  }

  get name(): string {
    return this.#kind.name
  }

  async open(world: EngineWorld): Promise<void> {
    const deadline = new AbortController()
    const timer = this.#clock.after(answerMs, () => deadline.abort())
    try {
      // What it starts lives longer than the request that happened to boot us.
      this.#engine = await runOutside(() => this.#kind.open(world, deadline.signal))
    } catch (error) {
      throw this.#unavailable('open', error)
    } finally {
      timer.cancel()
    }
  }

  serve(): void {
    runOutside(() => this.#engine!.serve())
  }

  /** When it rejects, the jobs may have been stored all the same. */
  add(jobs: readonly StoredJob[], transaction: object | null): Promise<void> {
    return this.#within(this.#engine!.add(jobs, transaction), 'enqueue')
  }

  counts(): Promise<EngineCounts> {
    return this.#within(this.#engine!.counts(), 'count')
  }

  /**
   * As `counts`, for those who ask again and again: never rejects, and one question is under way at most, however long the
   * server is silent. `null` = no answer within two seconds, or not open.
   */
  async polledCounts(): Promise<EngineCounts | null> {
    if (this.#engine === null || this.#isClosed) return null
    this.#polling ??= this.#poll(this.#engine).finally(() => {
      this.#polling = null
    })
    let timer: Timer | null = null
    const silence = new Promise<null>((resolve) => {
      timer = this.#clock.after(pollMs, () => resolve(null))
    })
    const counts = await Promise.race([this.#polling, silence])
    timer!.cancel()
    return counts
  }

  async #poll(engine: Engine): Promise<EngineCounts | null> {
    try {
      // Connections that are made for it outlive the request that asks.
      return await runOutside(() => engine.counts())
    } catch {
      // Whoever enqueues hears why, and health tells.
      return null
    }
  }

  dead(limit: number): Promise<readonly DeadStoredJob[]> {
    return this.#within(this.#engine!.dead(limit), 'list')
  }

  retryDead(id: string): Promise<boolean> {
    return this.#within(this.#engine!.retryDead(id), 'retry')
  }

  discardDead(id: string): Promise<boolean> {
    return this.#within(this.#engine!.discardDead(id), 'discard')
  }

  pause(): Promise<void> {
    return this.#within(this.#engine!.pause(), 'pause')
  }

  /** Also where it was never opened. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#engine !== null) await this.#within(this.#engine.close(), 'close')
  }

  /** `null` while the server answers. */
  get trouble(): string | null {
    const trouble = this.#engine?.trouble() ?? null
    return trouble === null ? null : `${this.#kind.name} cannot be reached: ${trouble}`
  }

  async #within<T>(answer: Promise<T>, wanted: string): Promise<T> {
    let timer: Timer | null = null
    const silence = new Promise<never>((_, reject) => {
      timer = this.#clock.after(answerMs, () => reject(new Error(`no answer within ${answerMs} ms`)))
    })
    try {
      return await Promise.race([answer, silence])
    } catch (error) {
      throw this.#unavailable(wanted, error)
    } finally {
      timer!.cancel()
    }
  }

  #unavailable(wanted: string, cause: unknown): Error {
    if (cause instanceof RageError) return cause
    const reason = cause instanceof Error ? cause.message || String(cause) : String(cause)
    return new EngineUnavailableError({ engine: this.#kind.name, wanted, reason }, { cause })
  }
}
