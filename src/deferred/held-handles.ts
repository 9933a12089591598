/**
 * What the caller of an enqueue holds while a gate holds the enqueue, such as a transaction that has not committed. Whether a
 * unique job is kept, or which other one, is known only then: the handles say what holds now, and are set right.
 */
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
