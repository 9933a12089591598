/**
 * Jobs that are waited for together. A batch is an entry of the log, added in one group with its members; it is over when
 * none of them is open, which is counted in memory and counted again at recovery, so that no member writes anything
 * more than its own end. The end of the last one, the end of the batch and the job that follows are one group.
 *
 *   batch added ──(members end)──► settled, and the job that follows is added
 *
 * Members that die or are cancelled are noted, since nobody could count them any more.
 */
import type { Carrier } from '../context'
import type { Entry, EntryChange } from '../wal'
import { decodeBatch, doneRecord, tallyRecord } from './job-record'
import type { PlannedRecord, Succession } from './links'

/** How a member left. */
export type Leaving = 'done' | 'dead' | 'cancelled'

export interface Batch {
  readonly id: string
  readonly total: number
  readonly planned: readonly PlannedRecord[]
  readonly carrier: Carrier
}

/** What the end of a member means for its batch, to be written in one group with it. */
export interface Left {
  readonly changes: readonly EntryChange[]
  /** It was the last one. */
  readonly succession: Succession | null
  /** It could not be written: the member is open again. */
  readonly undo: () => void
}

class OpenBatch {
  readonly batch: Batch
  readonly sequence: number
  open: number
  dead = 0
  cancelled = 0
  /** Recovery still looks for members: those that have run by then must not end it for the others. */
  isCounting = false

  constructor(batch: Batch, sequence: number, open: number) {
    this.batch = batch
    this.sequence = sequence
    this.open = open
  }

  tally(): EntryChange {
    return { sequence: this.sequence, record: tallyRecord(this.dead, this.cancelled), settles: false }
  }
}

export class Batches {
  readonly #open = new Map<string, OpenBatch>()
  /** Found by the recovery that is under way. */
  #counting: OpenBatch[] = []

  add(batch: Batch, sequence: number): void {
    this.#open.set(batch.id, new OpenBatch(batch, sequence, batch.total))
  }

  /** Found at recovery: before its members, which were added after it. @throws Error saying what is wrong with the entry. */
  restore({ added, note, sequence }: Entry): void {
    const open = new OpenBatch(decodeBatch(added), sequence, 0)
    if (note !== null) [open.dead, open.cancelled] = [note.count, note.time]
    open.isCounting = true
    this.#open.set(open.batch.id, open)
    this.#counting.push(open)
  }

  /** A member that is open was found at recovery; it may run and leave before the next one is found. */
  found(id: string): void {
    const open = this.#open.get(id)
    if (open?.isCounting === true) open.open += 1
  }

  /** The end of recovery: what is to be written for batches whose last member ended as the process died. */
  counted(): Left[] {
    const counted = this.#counting
    this.#counting = []
    for (const open of counted) open.isCounting = false
    return counted
      .filter(({ open }) => open === 0)
      .map((open) => this.#close(open, () => void this.#open.set(open.batch.id, open)))
  }

  /** A member is over; `null` when nothing follows from it. */
  leave(id: string, how: Leaving): Left | null {
    const open = this.#open.get(id)
    if (open === undefined) return null
    open.open -= 1
    if (how !== 'done') open[how] += 1
    const undo = (): void => {
      open.open += 1
      if (how !== 'done') open[how] -= 1
      this.#open.set(id, open)
    }
    if (open.open === 0 && !open.isCounting) return this.#close(open, undo)
    return { changes: how === 'done' ? [] : [open.tally()], succession: null, undo }
  }

  /** A dead member is attempted again. */
  rejoin(id: string): Left | null {
    const open = this.#open.get(id)
    if (open === undefined) return null
    open.open += 1
    open.dead -= 1
    const undo = (): void => {
      open.open -= 1
      open.dead += 1
    }
    return { changes: [open.tally()], succession: null, undo }
  }

  #close(open: OpenBatch, undo: () => void): Left {
    const { id, total, planned, carrier } = open.batch
    const { dead, cancelled } = open
    this.#open.delete(id)
    const outcome = { id, total, done: total - dead - cancelled, dead, cancelled }
    return {
      changes: [{ sequence: open.sequence, record: doneRecord, settles: true }],
      succession: { planned, carrier, outcome },
      undo,
    }
  }
}
