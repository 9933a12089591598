/**
 * How far an attempt got, as `perform` says. Kept in memory, never written to the log: it is worth nothing once the
 * attempt is over. Listeners hear of it a few times a second at most, whoever asks gets the latest value.
 */
import type { Clock, Timer } from '../kernel'
import type { SpanPoint } from '../telemetry'

/** Between two spans of one attempt. */
const betweenSpansMs = 250

export interface ProgressWorld {
  readonly clock: Clock
  /** `deferred.task.progress` */
  readonly point: SpanPoint<'deferred.task.progress'>
}

export class Progress {
  readonly #world: ProgressWorld
  readonly #facts: { readonly task: string; readonly job: string; readonly attempt: number }
  /** A number, or JSON text. */
  #latest: number | string = 'null'
  #spokeAt = Number.NEGATIVE_INFINITY
  #timer: Timer | null = null

  constructor(world: ProgressWorld, facts: { task: string; job: string; attempt: number }) {
    this.#world = world
    this.#facts = facts
  }

  get value(): unknown {
    return typeof this.#latest === 'number' ? this.#latest : JSON.parse(this.#latest)
  }

  /** As JSON at once, so that `perform` may go on changing what it gave. @throws TypeError for what JSON cannot say. */
  report(value: unknown): void {
    this.#latest = typeof value === 'number' ? value : (JSON.stringify(value) ?? 'null')
    const { clock, point } = this.#world
    if (point.idle || this.#timer !== null) return
    const waitMs = this.#spokeAt + betweenSpansMs - clock.monotonic()
    if (waitMs <= 0) this.#speak()
    else this.#timer = clock.after(waitMs, () => this.#speak())
  }

  /** The attempt is over: the last value is told. */
  end(): void {
    if (this.#timer !== null) this.#speak()
  }

  #speak(): void {
    this.#timer?.cancel()
    this.#timer = null
    const { clock, point } = this.#world
    this.#spokeAt = clock.monotonic()
    point.run({ ...this.#facts, value: this.value }, () => undefined)
  }
}
