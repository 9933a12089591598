/** What a job is tied to: the jobs that follow it, and the batch it belongs to or that it follows. */
import type { Carrier } from '../context'
import type { EnqueueOptions } from './enqueue-options'
import type { Slot } from './schedule/firings'
import type { BatchOutcome } from './task'

/** A job that will be enqueued, as it is kept with the one before it. */
export interface PlannedRecord {
  readonly task: string
  /** As in its own record: see args.ts. */
  readonly args: string
  /** A `delay` counts from the end of what comes before. */
  readonly options?: EnqueueOptions
}

export interface JobLinks {
  /** Enqueued one after the other, the first of them once this job is done. */
  readonly followedBy?: readonly PlannedRecord[]
  /** Id of the batch it is a member of. */
  readonly batch?: string
  /** How the batch ended that it follows. */
  readonly outcome?: BatchOutcome
  /** The time of a schedule it was made for. */
  readonly slot?: Slot
}

/** What follows, once its time has come. */
export interface Succession {
  /** The first is enqueued, the others follow it. At least one. */
  readonly planned: readonly PlannedRecord[]
  /** The context they run in. */
  readonly carrier: Carrier
  readonly outcome: BatchOutcome | null
}
