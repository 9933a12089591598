/**
 * From the id of a job to its place in the log, for a few bytes per hundred jobs: ids count upwards as sequences do. A
 * run says that jobs `first` to `last` lie at sequences `from` to `to`, one after the other as long as nothing else
 * came in between; where something did, a few hundred sequences at most are left to look at. What it answers is where
 * to look: whoever asks reads the entries and compares ids.
 */

import type { JobIds } from './job-ids'

interface Run {
  readonly first: number
  last: number
  readonly from: number
  to: number
  /** Each job lies as far from the start as its number is. */
  isEven: boolean
}

/** Sequences of a run that is not even. */
const mostSequences = 256
/** Runs that may hold one number: a job that came late lies in one of its own. */
const mostGuesses = 4

export class JobIndex {
  /** By what stands before the number; one for each process whose jobs are here. Sorted by `first`. */
  readonly #runs = new Map<string, Run[]>()
  #prefix = ''
  #newest: Run[] = []

  /** The log holds this job. */
  add(id: string, sequence: number): void {
    if (this.#prefix === '' || !id.startsWith(this.#prefix)) this.#turnTo(prefixOf(id))
    this.#put(Number(id.slice(this.#prefix.length)), sequence)
  }

  /** As `add`, for an id that was taken apart. */
  addNumber(prefix: string, number: number, sequence: number): void {
    if (this.#prefix !== prefix) this.#turnTo(prefix)
    this.#put(number, sequence)
  }

  // Hot path: bench/jobs.mjs. Usually a job is added before the next one gets its id, which then need not be read.
  /** As `add`, for one of `ids`. */
  addOwn(ids: JobIds, id: string, sequence: number): void {
    if (id !== ids.last) {
      this.add(id, sequence)
      return
    }
    if (this.#prefix !== ids.prefix) this.#turnTo(ids.prefix)
    this.#put(ids.count, sequence)
  }

  #put(number: number, sequence: number): void {
    const run = this.#newest[this.#newest.length - 1]
    if (run === undefined || number <= run.last || sequence <= run.to) this.#insert(number, sequence)
    else if (!extend(run, number, sequence)) this.#newest.push(runOf(number, sequence))
  }

  /** Sequences at which the job may lie. */
  find(id: string): number[] {
    const prefix = prefixOf(id)
    const runs = this.#runs.get(prefix) ?? []
    const number = Number(id.slice(prefix.length))
    const sequences: number[] = []
    const after = firstAfter(runs, number)
    for (const { first, last, from, to, isEven } of runs.slice(Math.max(0, after - mostGuesses), after)) {
      if (number > last) continue
      if (isEven) sequences.push(from + number - first)
      else for (let sequence = from; sequence <= to; sequence++) sequences.push(sequence)
    }
    return sequences
  }

  #turnTo(prefix: string): void {
    let runs = this.#runs.get(prefix)
    if (runs === undefined) this.#runs.set(prefix, (runs = []))
    this.#prefix = prefix
    this.#newest = runs
  }

  #insert(number: number, sequence: number): void {
    if (Number.isNaN(number)) return
    this.#newest.splice(firstAfter(this.#newest, number), 0, runOf(number, sequence))
  }
}

function runOf(number: number, sequence: number): Run {
  return { first: number, last: number, from: sequence, to: sequence, isEven: true }
}

/** `false` = it neither lies where an even run would have it, nor near enough to be looked for. */
function extend(run: Run, number: number, sequence: number): boolean {
  const isEven = run.isEven && number - run.last === sequence - run.to
  if (!isEven && sequence - run.from >= mostSequences) return false
  run.isEven = isEven
  run.last = number
  run.to = sequence
  return true
}

/** Index of the first run that begins after `number`. */
function firstAfter(runs: readonly Run[], number: number): number {
  let [low, high] = [0, runs.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (runs[middle]!.first <= number) low = middle + 1
    else high = middle
  }
  return low
}

/** What the process put before the number. */
export function prefixOf(id: string): string {
  return id.slice(0, id.lastIndexOf(':') + 1)
}
