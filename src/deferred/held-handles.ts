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

  /**
   * To be called where the gate holds the job: the one around it, once the inner one has let it pass.
   *
   * @param id what the caller was answered: perhaps that of another job, which has the key of this one.
   */
  add(id: string, job: HeldJob): void {
    const gate = currentGate()
    if (gate === null) return
    let held = this.#byGate.get(gate)
    if (held === undefined) this.#byGate.set(gate, (held = new Map()))
    job.before = held.get(id) ?? null
    held.set(id, job)
  }

  /** `false` = the gates around us hold none whose caller was answered that id, or no longer. */
  drop(id: string): boolean {
    let isHeld = false
    for (let gate = currentGate(); gate !== null; gate = gate.around ?? null) {
      let job = this.#byGate.get(gate)?.get(id) ?? null
      for (; job !== null; job = job.before) {
        if (job.state !== 'held') continue
        isHeld = true
        dropIn(gate, id, job)
      }
    }
    return isHeld
  }
}

/** From a transaction inside it is dropped when that has committed, as an effect of it: it may roll back. */
function dropIn(holder: EffectGate, id: string, job: HeldJob): void {
  const drop = (): void => {
    if (job.state === 'held') job.state = 'dropped'
  }
  const gate = currentGate()!
  if (gate === holder) {
    drop()
    return
  }
  gate.pass({
    kind: 'job',
    target: `cancel of ${id}`,
    payload: id,
    perform: drop,
    held: () => {
      if (currentGate() === holder) drop()
    },
  })
}

export interface HeldJob {
  state: 'held' | 'dropped' | 'passed'
  /** One more of the same answer. */
  before: HeldJob | null
}
