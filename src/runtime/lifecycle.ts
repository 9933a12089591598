/**
 * boot → serve → drain → stop of one runtime, over its services. Each step happens once, whoever asks for it and however
 * often; a runtime that has stopped does not boot again.
 */
import { type DrainReport, LifecycleError, type Phase, type Service } from '../kernel'
import type { Logger } from '../logger'
import type { ErrorReports } from '../telemetry'
import { onSignal } from './signals'

export interface LifecycleWorld {
  readonly logger: Logger
  readonly errors: ErrorReports
  /** In the order they boot; they drain and stop in the reverse one. */
  readonly services: readonly Service[]
  /** Whether SIGTERM and SIGINT drain. */
  readonly signals: boolean
  readonly drainMs: number
  /** What boot waits for before anything else; `null` = nothing. */
  readonly loading: () => Promise<void> | null
  /** Settles what was registered. */
  readonly compile: () => void
  /** Told once it serves. */
  readonly serving: () => void
  /** No request of a new connection is taken any more. */
  readonly refuse: () => void
  /** Told once everything has stopped. */
  readonly stopped: () => void
}

export class Lifecycle {
  readonly #world: LifecycleWorld
  phase: Phase = 'new'
  /** What kept it from booting, or `null`. */
  bootError: unknown = null
  #ready: Promise<void> | null = null
  #draining: Promise<DrainReport> | null = null
  #stopping: Promise<void> | null = null
  #forgetSignals: (() => void) | null = null

  constructor(world: LifecycleWorld) {
    this.#world = world
  }

  boot(): Promise<void> {
    if (this.#stopping !== null)
      return Promise.reject(new LifecycleError({ name: 'rage', phase: this.phase, wanted: 'boot' }))
    this.#ready ??= this.#boot()
    return this.#ready
  }

  drain(): Promise<DrainReport> {
    this.#draining ??= this.#drain()
    return this.#draining
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #boot(): Promise<void> {
    const { logger, errors, services, loading, compile } = this.#world
    try {
      const pending = loading()
      if (pending !== null) await pending
      // Everything from here to the first await is settled before any request can arrive.
      compile()
      await Promise.all(services.map((service) => service.boot()))
    } catch (error) {
      this.bootError = error
      logger.fatal({ err: error }, 'rage could not boot: owned routes answer 503')
      errors.reportOnce(error, { during: 'boot' }, false)
      await Promise.all(services.map((service) => service.stop()))
      throw error
    }
    this.phase = 'booted'
    // Stopped while it booted: what was acquired is being released.
    if (this.#stopping !== null) return
    this.#serve()
  }

  #serve(): void {
    const { services, signals, serving } = this.#world
    this.phase = 'serving'
    for (const service of services) service.serve()
    if (signals) this.#forgetSignals = onSignal((signal) => this.#receive(signal))
    serving()
  }

  async #receive(signal: NodeJS.Signals): Promise<void> {
    this.#world.logger.info({ signal }, 'rage is draining')
    await this.stop()
  }

  async #drain(): Promise<DrainReport> {
    if (this.phase !== 'serving') return { finished: 0, abandoned: [] }
    const { logger, services, refuse, drainMs } = this.#world
    this.phase = 'draining'
    refuse()
    const deadline = new AbortController()
    // Keeps the process alive: with nothing else left it would end before the log is closed.
    const timer = setTimeout(() => deadline.abort(), drainMs)
    let finished = 0
    const abandoned: string[] = []
    for (const service of [...services].reverse()) {
      const report = await service.drain(deadline.signal)
      finished += report.finished
      abandoned.push(...report.abandoned)
    }
    clearTimeout(timer)
    logger.info({ finished, abandoned }, 'rage has drained')
    return { finished, abandoned }
  }

  async #stop(): Promise<void> {
    const { services, stopped } = this.#world
    await this.#ready?.catch(() => undefined)
    await this.drain()
    for (const service of [...services].reverse()) await service.stop()
    this.#forgetSignals?.()
    this.phase = 'stopped'
    stopped()
  }
}
