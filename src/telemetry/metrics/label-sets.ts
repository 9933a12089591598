/**
 * The cells of one metric by their label values. At most `limit` sets have a cell of their own; whatever comes later shares
 * one whose labels all say `other`, so that a label fed from the outside cannot fill the memory.
 */
import { warnOnce } from '../../kernel'
import { InvalidLabelsError } from '../errors'
import type { Labels } from './snapshot'

/** What the labels of the shared cell say. */
export const otherLabel = 'other'
/** Characters of a value that are kept. */
const longestValue = 256

/** A value per label; each is a text. */
export type LabelValues<Names extends string> = Readonly<Record<Names, string>>

type Node<Cell> = Map<string, Node<Cell> | Cell>

export class LabelSets<Cell extends object> {
  readonly #metric: string
  readonly #names: readonly string[]
  readonly #limit: number
  readonly #make: (labels: Labels) => Cell
  readonly #root: Node<Cell> = new Map()
  readonly #cells: Cell[] = []
  #other: Cell | null = null

  constructor(metric: string, names: readonly string[], limit: number, make: (labels: Labels) => Cell) {
    this.#metric = metric
    this.#names = names
    this.#limit = limit
    this.#make = make
  }

  get cells(): readonly Cell[] {
    return this.#cells
  }

  /** @throws InvalidLabelsError */
  of(labels: Readonly<Record<string, unknown>>): Cell {
    const names = this.#names
    if (!isLabelSet(names, labels))
      throw new InvalidLabelsError({ metric: this.#metric, expected: names, given: labels })
    return this.ofValues(names.map((name) => String(labels[name])))
  }

  /** @param values one for each label, in their order. */
  ofValues(values: readonly string[]): Cell {
    let node = this.#root
    const last = values.length - 1
    for (let index = 0; index < last; index++) {
      const next = node.get(shortened(values[index]!)) as Node<Cell> | undefined
      if (next === undefined) return this.#add(values)
      node = next
    }
    return (node.get(shortened(values[last]!)) as Cell | undefined) ?? this.#add(values)
  }

  #add(values: readonly string[]): Cell {
    // Halves of characters are all written alike, and two lines for one label set are not read.
    const kept = values.map((value) => Buffer.from(shortened(value)).toString())
    const known = this.#find(kept)
    if (known !== undefined) return known
    return this.#cells.length >= this.#limit ? this.#overflow(values) : this.#insert(kept)
  }

  #insert(values: readonly string[]): Cell {
    let node = this.#root
    const last = values.length - 1
    for (const value of values.slice(0, last)) {
      let next = node.get(value) as Node<Cell> | undefined
      if (next === undefined) node.set(value, (next = new Map()))
      node = next
    }
    const cell = this.#make(
      Object.freeze(Object.fromEntries(this.#names.map((name, index) => [name, values[index]!]))),
    )
    node.set(values[last]!, cell)
    this.#cells.push(cell)
    return cell
  }

  #overflow(values: readonly string[]): Cell {
    warnOnce(
      'RAGE_W030',
      `The metric "${this.#metric}" has more than ${this.#limit} label sets: further ones, such as ` +
        `${JSON.stringify(values.map(shortened))}, are counted together as "${otherLabel}". Labels are for few values; ids belong into logs.`,
      this.#metric,
    )
    if (this.#other !== null) return this.#other
    const others = this.#names.map(() => otherLabel)
    return (this.#other = this.#find(others) ?? this.#insert(others))
  }

  #find(values: readonly string[]): Cell | undefined {
    let node: Node<Cell> | Cell | undefined = this.#root
    for (const value of values) node = (node as Node<Cell> | undefined)?.get(value)
    return node as Cell | undefined
  }
}

/** Exactly the labels of the metric: what is written must parse. */
export function isLabelSet(names: readonly string[], labels: Readonly<Record<string, unknown>>): boolean {
  const given = Object.keys(Object(labels))
  return given.length === names.length && names.every((name) => Object.hasOwn(labels, name))
}

function shortened(value: string): string {
  return value.length > longestValue ? value.slice(0, longestValue) : value
}
