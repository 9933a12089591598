/**
 * A counter or gauge whose values are kept elsewhere: asked for only when an exporter reads. What it fails with, and what
 * takes too long, leaves it out with a warning.
 */
import { inspect } from 'node:util'
import { type Clock, isThenable, showable, warnOnce } from '../../kernel'
import { isLabelSet, otherLabel } from './label-sets'
import type { Labels, MetricSnapshot } from './snapshot'

/** The value now; not finite = none. */
export type ReadOne = () => number | PromiseLike<number>
/** Calls `set` once for each label set there is. A promise that it answers is waited for. */
export type ReadLabelled<Values> = (set: (labels: Values, value: number) => void) => unknown

export interface ReadAtCollectParts {
  readonly kind: 'counter' | 'gauge'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[] | undefined
  /** Label sets; what is above is added up as `other`. */
  readonly limit: number
  readonly collect: ReadOne | ReadLabelled<Labels>
  readonly clock: Clock
}

interface Sample {
  readonly labels: Labels
  readonly value: number
}

const none: Labels = Object.freeze({})
/** As long as the server of an engine is waited for. */
const patienceMs = 2_000

export class ReadAtCollect {
  readonly #parts: ReadAtCollectParts
  /** Never rejects. While there is one, `collect` is not called again: a slow database would get more and more questions. */
  #underWay: Promise<MetricSnapshot | null> | null = null

  constructor(parts: ReadAtCollectParts) {
    this.#parts = parts
  }

  /** `null` when it could not be read, or not at once. */
  collect(): MetricSnapshot | null {
    const snapshot = this.#ask()
    if (!(snapshot instanceof Promise)) return snapshot
    return this.#leaveOut(
      'its collect answers a promise, which only rage.metrics.read() waits for',
      'promise',
    )
  }

  /** As `collect`; a promise is waited for, two seconds at most. */
  read(): MetricSnapshot | null | Promise<MetricSnapshot | null> {
    const snapshot = this.#ask()
    if (!(snapshot instanceof Promise)) return snapshot
    return new Promise((resolve) => {
      const late = (): void => resolve(this.#leaveOut('its collect took longer than 2 seconds', 'late'))
      const timer = this.#parts.clock.after(patienceMs, late)
      void snapshot.then((made) => {
        timer.cancel()
        resolve(made)
      })
    })
  }

  #ask(): MetricSnapshot | null | Promise<MetricSnapshot | null> {
    if (this.#underWay !== null) return this.#underWay
    const { kind, name, help, labels, collect } = this.#parts
    const samples = new Samples(this.#parts)
    try {
      const answer = labels === undefined ? (collect as ReadOne)() : collect(samples.set)
      const made = (value: unknown): MetricSnapshot => {
        if (labels === undefined) samples.set(none, value as number)
        return { kind, name, help, samples: samples.all() }
      }
      if (!isThenable(answer)) return made(answer)
      this.#underWay = Promise.resolve(answer)
        .then(made)
        .catch((error: unknown) => this.#leaveOut(textOf(error)))
        .finally(() => (this.#underWay = null))
      return this.#underWay
    } catch (error) {
      return this.#leaveOut(textOf(error))
    }
  }

  #leaveOut(reason: string, fault = ''): null {
    const { name } = this.#parts
    warnOnce(
      'RAGE_W032',
      `The metric "${name}" could not be read: ${reason}. It was left out.`,
      `${name} ${fault}`,
    )
    return null
  }
}

/** What one `collect` gives. */
class Samples {
  readonly #parts: ReadAtCollectParts
  readonly #kept: Sample[] = []
  #rest = 0
  #left = 0

  constructor(parts: ReadAtCollectParts) {
    this.#parts = parts
  }

  /** Throws on no labels: where a query calls back, that would end the process. */
  readonly set = (labels: Labels, value: number): void => {
    const { name, labels: names = [], limit } = this.#parts
    if (!isLabelSet(names, labels))
      return warnOnce(
        'RAGE_W034',
        `The collect of the metric "${name}" gave a value for ${inspect(labels, { depth: 1, breakLength: Infinity })}, and its labels are ${inspect(names)}. That value was left out.`,
        name,
      )
    if (!Number.isFinite(value)) return
    if (this.#kept.length < limit) {
      this.#kept.push({
        labels: Object.fromEntries(names.map((label) => [label, String(labels[label])])),
        value,
      })
      return
    }
    this.#left += 1
    this.#rest += value
  }

  all(): readonly Sample[] {
    if (this.#left === 0) return this.#kept
    const { labels: names = [] } = this.#parts
    const labels = Object.fromEntries(names.map((label) => [label, otherLabel]))
    return [...this.#kept, { labels, value: this.#rest }]
  }
}

function textOf(error: unknown): string {
  return String(showable(error))
}
