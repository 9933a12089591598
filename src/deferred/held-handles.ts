/**
 * What the caller of an enqueue holds while a gate holds the enqueue, such as a transaction that has not committed. Whether a
 * unique job is kept, or which other one, is known only then: the handles say what holds now, and are set right.
 */
import { currentGate, type EffectGate } from '../context'
import type { EnqueuedJob } from './task'

export class HeldHandles {
  readonly handles: readonly EnqueuedJob[]

  constructor(now: readonly EnqueuedJob[]) {
    this.handles = now.map((handle) => ({ ...handle }))
  }

  /** To be called with the answer of the enqueue, once it has happened. */
  readonly settle = (kept: readonly EnqueuedJob[]): readonly EnqueuedJob[] => {
    for (const [index, handle] of this.handles.entries()) Object.assign(handle, kept[index])
    return kept
  }
}

/**
 * Jobs that a gate holds, so that whoever is inside of it can take them back before they exist. They are looked up by the
 * gate, and gone with it: nobody tells us of a rollback.
 */
export class HeldJobs {
  readonly #byGate = new WeakMap<EffectGate, Map<string, HeldJob>>()

  /** To be called where the gate holds the job: the one around it, once the inner one has let it pass. */
  readonly add = (id: string, job: HeldJob): void => {
    const gate = currentGate()
    if (gate === null) return
    const held = this.#byGate.get(gate)
    if (held === undefined) this.#byGate.set(gate, new Map([[id, job]]))
    else held.set(id, job)
  }

  /** `false` = the gate we are in holds none of that id, or no longer. */
  drop(id: string): boolean {
    const gate = currentGate()
    const job = gate === null ? undefined : this.#byGate.get(gate)?.get(id)
    if (job === undefined || job.state !== 'held') return false
    job.state = 'dropped'
    return true
  }
}

export interface HeldJob {
  state: 'held' | 'dropped' | 'passed'
}
