/**
 * How far an attempt got, as `perform` says. Kept in memory, never written to the log: it is worth nothing once the
 * attempt is over. Listeners hear of it a few times a second at most, whoever asks gets the latest value.
 */
import type { Clock, Timer } from '../kernel'
import type { SpanPoint } from '../telemetry'
import { InvalidProgressError } from './errors'

/** Between two spans of one attempt. */
const betweenSpansMs = 250
/** As JSON: it is kept for each running job, and told to listeners and to other threads. */
const maxBytes = 65_536

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

  /** As JSON at once, so that `perform` may go on changing what it gave. @throws InvalidProgressError */
  report(value: unknown): void {
    this.#latest = typeof value === 'number' ? value : progressText(value, this.#facts)
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

/** @throws InvalidProgressError */
export function progressText(value: unknown, { task, job }: { task: string; job: string }): string {
  let text: string
  try {
    text = JSON.stringify(value) ?? 'null'
  } catch (cause) {
    // V8 draws a cycle on several lines.
    const problem = cause instanceof Error ? cause.message.split('\n', 1)[0]! : 'its toJSON has thrown'
    throw new InvalidProgressError({ task, job, problem }, { cause })
  }
  // A UTF-16 unit takes at most three bytes of UTF-8.
  const bytes = text.length * 3 <= maxBytes ? 0 : Buffer.byteLength(text)
  if (bytes > maxBytes) {
    const problem = `it takes ${bytes} bytes as JSON, the limit is ${maxBytes}`
    throw new InvalidProgressError({ task, job, problem })
  }
  return text
}
