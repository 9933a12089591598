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

/** Everything that is asked rejects with an EngineUnavailableError: no answer in time, or an error for an answer. */
export class EngineServer {
  readonly #kind: EngineKind
  readonly #clock: Clock
  #engine: Engine | null = null

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
