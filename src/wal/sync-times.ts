/**
 * How long syncs took, kept in memory that a thread can write and the event loop read: counting costs the event loop nothing.
 *
 *   cells: count ┊ sum in seconds ┊ one per bucket, the last one for everything above
 */

/** Upper bounds of the buckets, in seconds. */
export const syncBounds: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
]
const firstBucket = 2

/** Syncs since the log was opened. */
export interface SyncStats {
  /** Upper bounds, in seconds, ascending. */
  readonly bounds: readonly number[]
  /** Syncs per bucket, the last one for what took longer than all bounds. */
  readonly counts: readonly number[]
  readonly count: number
  /** In seconds. */
  readonly sum: number
}

export type SyncTimes = Float64Array

export function createSyncTimes(): SyncTimes {
  const cells = firstBucket + syncBounds.length + 1
  return new Float64Array(new SharedArrayBuffer(cells * Float64Array.BYTES_PER_ELEMENT))
}

/** One writer only. Its source text goes to the thread of the log: it must use nothing from outside itself. */
export function addSyncTime(times: SyncTimes, bounds: readonly number[], seconds: number): void {
  let bucket = 0
  while (bucket < bounds.length && seconds > bounds[bucket]!) bucket += 1
  times[0]! += 1
  times[1]! += seconds
  times[2 + bucket]! += 1
}

export function syncStats(times: SyncTimes): SyncStats {
  return {
    bounds: syncBounds,
    counts: [...times.subarray(firstBucket)],
    count: times[0]!,
    sum: times[1]!,
  }
}
