/** A counter or gauge whose values are kept elsewhere: asked for only when an exporter reads. */
import { warnOnce } from '../../kernel'
import { otherLabel } from './label-sets'
import type { Labels, MetricSnapshot } from './snapshot'

/** The value now; not finite = none. */
export type ReadOne = () => number
/** Calls `set` once for each label set there is. */
export type ReadLabelled<Values> = (set: (labels: Values, value: number) => void) => void

export interface ReadAtCollectParts {
  readonly kind: 'counter' | 'gauge'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[] | undefined
  /** Label sets; what is above is added up as `other`. */
  readonly limit: number
  readonly collect: ReadOne | ReadLabelled<Labels>
}

interface Sample {
  readonly labels: Labels
  readonly value: number
}

const none: Labels = Object.freeze({})

export class ReadAtCollect {
  readonly #parts: ReadAtCollectParts

  constructor(parts: ReadAtCollectParts) {
    this.#parts = parts
  }

  /** `null` when it could not be read. */
  read(): MetricSnapshot | null {
    const { kind, name, help, labels, collect } = this.#parts
    try {
      const samples = labels === undefined ? one(collect as ReadOne) : this.#several(labels)
      return { kind, name, help, samples }
    } catch (error) {
      warnOnce(
        'RAGE_W032',
        `The metric "${name}" could not be read: ${String(error)}. It was left out.`,
        name,
      )
      return null
    }
  }

  #several(names: readonly string[]): readonly Sample[] {
    const { collect, limit } = this.#parts
    const samples: Sample[] = []
    let rest = 0
    let left = 0
    ;(collect as ReadLabelled<Labels>)((labels, value) => {
      if (!Number.isFinite(value)) return
      if (samples.length < limit) samples.push({ labels: named(names, labels), value })
      else {
        left += 1
        rest += value
      }
    })
    if (left > 0)
      samples.push({ labels: Object.fromEntries(names.map((name) => [name, otherLabel])), value: rest })
    return samples
  }
}

/** Exactly the labels of the metric: what is written must parse. */
function named(names: readonly string[], labels: Labels): Labels {
  return Object.fromEntries(names.map((name) => [name, String(labels[name] ?? '')]))
}

function one(read: ReadOne): readonly Sample[] {
  const value = read()
  return Number.isFinite(value) ? [{ labels: none, value }] : []
}
