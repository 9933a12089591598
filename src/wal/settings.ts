/** What opening a log needs, and the knobs that tests turn. */
import type { Logger } from '../logger'
import type { Committer } from './commit'
import type { FileSystemType } from './file-system'
import type { LockWay } from './lock'

export interface LogSettings {
  /** Holds one folder per process's log, such as `<storage>/deferred`; created when missing. */
  readonly folder: string
  /** Largest size of a segment, in bytes, 4,096 to 2^30; a larger record gets one of its own. @defaultValue `16_777_216` */
  readonly segmentBytes?: number
  /** Told of damage, cut tails, adopted logs, a full disk and failed writes. */
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
}

/** @internal Seams for faults, and figures that are not options because nobody should have to choose them. */
export interface LogInternals {
  readonly committer: Committer
  /** Writes the zeros of new segments. */
  readonly filler: Committer
  /** Ways to lock, the preferred first; `null` = whatever works here. */
  readonly lockWays: readonly LockWay[] | null
  /** Answers the number of the file system a folder lies on. */
  readonly fileSystemType: FileSystemType
  /** Size of the first segment a process begins; the ones after it double up to `segmentBytes`. */
  readonly firstBytes: number
  /** Room of a segment that only notes and settlements may use once the disk is full. */
  readonly reserveBytes: number
  /** A batch of this size is closed and the next one begun. */
  readonly batchBytes: number
  /** Live entries are copied forward once the log is larger than this ... */
  readonly compactAboveBytes: number
  /** ... and larger than its live bytes times this. */
  readonly compactFactor: number
  /** Longest time a record with durability `none` waits to be written. */
  readonly riderMs: number
  /** Longest time between a write that nobody wanted synced and its sync. */
  readonly syncMs: number
  /** Pause between attempts to grow on a full disk. */
  readonly roomRetryMs: number
  /** Pause between looks at the logs of other processes, while there are any. */
  readonly siblingMs: number
}

export const defaultSegmentBytes = 16 * 1024 * 1024

export const defaultFigures = {
  firstBytes: 1024 * 1024,
  reserveBytes: 256 * 1024,
  batchBytes: 1024 * 1024,
  compactAboveBytes: 40 * 1024 * 1024,
  compactFactor: 3,
  riderMs: 50,
  syncMs: 500,
  roomRetryMs: 1000,
  siblingMs: 1000,
} as const
