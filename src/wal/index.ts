/**
 * wal: an append-only log of entries that are added, noted upon and settled. Guarantees that what was
 * acknowledged is found again after a crash, a power cut, torn or damaged bytes, and that one process at a
 * time owns a log. Knows nothing of jobs, runs nothing, and does not survive the loss of the disk.
 */
export type {
  Durability,
  Entry,
  EntryChange,
  EntryLog,
  EntryRecord,
  LogHealth,
  LogStats,
  NewRecord,
} from './contract'
export {
  DamagedRecordError,
  InvalidRecordError,
  LockUnavailableError,
  LogClosedError,
  LogWriteError,
  NetworkFileSystemError,
  NewerFormatError,
  StorageFullError,
  StorageUnusableError,
} from './errors'
export { type LogsSeen, lookAtLogs, type SeenLog } from './look'
export { openLog } from './open'
export { bodyText, RecordView } from './record-view'
export { Seat } from './seat'
export type { LogSettings } from './settings'
export type { SyncStats } from './sync-times'
export { type FolderReport, type LogReport, verifyLogs } from './verify'
