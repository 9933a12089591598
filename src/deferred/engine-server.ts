/**
 * An engine as one asks it: whatever the server or the network does, there is an answer, or a coded error, within a
 * time limit.
 */
import { runOutside } from '../context'
import { type Clock, RageError, type Timer } from '../kernel'
import type { DeadStoredJob, Engine, EngineCounts, EngineKind, EngineWorld, StoredJob } from './engine'
import { EngineUnavailableError } from './errors'

/** What a server has time for before we say that it does not answer. */
const usualAnswerMs = 5_000
/** The same for whoever reads metrics: a scrape has ten seconds for everything, and tells of the next moment soon. */
const pollMs = 2_000

/** Everything that is asked rejects with an EngineUnavailableError: no answer in time, or an error for an answer. */
export class EngineServer {
  readonly #kind: EngineKind
  readonly #clock: Clock
  readonly #answerMs: number
  #engine: Engine | null = null
  #isClosed = false
  /** The question of `polledCounts` that is under way. */
  #polling: Promise<EngineCounts | null> | null = null
  /** What of it was not answered in time, while nothing has been since. */
  #silence: string | null = null
  #asking: Timer | null = null

  /** @param answerMs for those whose questions are large. */
  constructor(kind: EngineKind, clock: Clock, answerMs = usualAnswerMs) {
    this.#kind = kind
    this.#clock = clock
    this.#answerMs = answerMs
  }

  get name(): string {
    return this.#kind.name
  }

  async open(world: EngineWorld): Promise<void> {
    const deadline = new AbortController()
    const timer = this.#clock.after(usualAnswerMs, () => deadline.abort())
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
    // The caller's transaction may wait for another of the application: that says nothing about the server.
    const onSilence = transaction === null ? (silence: string) => this.#fellSilent(silence) : null
    return this.#within(this.#engine!.add(jobs, transaction), 'enqueue', onSilence)
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
      const counts = await runOutside(() => engine.counts())
      this.#silence = null
      return counts
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
    this.#asking?.cancel()
    if (this.#engine !== null) await this.#within(this.#engine.close(), 'close')
  }

  /** `null` while the server answers. */
  get trouble(): string | null {
    const trouble = this.#engine?.trouble() ?? this.#silence
    return trouble === null ? null : `${this.#kind.name} cannot be reached: ${trouble}`
  }

  async #within<T>(
    answer: Promise<T>,
    wanted: string,
    onSilence: ((silence: string) => void) | null = null,
  ): Promise<T> {
    let timer: Timer | null = null
    const silence = new Promise<never>((_, reject) => {
      timer = this.#clock.after(this.#answerMs, () => {
        const reason = `no answer within ${this.#answerMs} ms`
        onSilence?.(reason)
        reject(new Error(reason))
      })
    })
    try {
      const answered = await Promise.race([answer, silence])
      this.#silence = null
      return answered
    } catch (error) {
      throw this.#unavailable(wanted, error)
    } finally {
      timer!.cancel()
    }
  }

  #fellSilent(silence: string): void {
    this.#silence = silence
    this.#askAgain()
  }

  /** Whoever enqueued may have gone elsewhere by now, and somebody must notice that it answers again. */
  #askAgain(): void {
    if (this.#isClosed || this.#asking !== null) return
    this.#asking = this.#clock.after(pollMs, async () => {
      await this.polledCounts()
      this.#asking = null
      if (this.#silence !== null) this.#askAgain()
    })
  }

  #unavailable(wanted: string, cause: unknown): Error {
    if (cause instanceof RageError) return cause
    const reason = cause instanceof Error ? cause.message || String(cause) : String(cause)
    return new EngineUnavailableError({ engine: this.#kind.name, wanted, reason }, { cause })
  }
}
