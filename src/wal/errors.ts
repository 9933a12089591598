/** Errors of the log: a folder that cannot be used, a lock that cannot be had, writes that did not happen. */
import { defineError } from '../kernel'

/** The folder of the logs cannot be created, read or written. */
export class StorageUnusableError extends defineError('RAGE_WAL_STORAGE_UNUSABLE', {
  status: 503,
  what: (f: { folder: string; reason: string }) => `The folder "${f.folder}" cannot hold a log: ${f.reason}.`,
  fix: 'Point the storage option at a folder on a local disk with free space that this process may read and write.',
}) {}

/** The folder lies on a file system of the network, whose locks do not keep two processes apart. */
export class NetworkFileSystemError extends defineError('RAGE_WAL_NETWORK_FILE_SYSTEM', {
  status: 503,
  what: (f: { folder: string; fileSystem: string }) =>
    `The folder "${f.folder}" lies on ${f.fileSystem}, where two processes could run one log.`,
  fix: 'Point the storage option at a local disk or block volume; several machines share jobs through a queue engine, not through a folder.',
}) {}

/** Nothing on this machine can take a kernel lock, so two processes could run one log. */
export class LockUnavailableError extends defineError('RAGE_WAL_LOCK_UNAVAILABLE', {
  status: 503,
  what: (f: { folder: string; tried: string }) =>
    `No kernel lock can be taken in "${f.folder}" (tried ${f.tried}).`,
  fix: 'Install one of them: npm install fs-native-extensions (prebuilt), npm install fs-ext (compiles), or the "flock" command of util-linux.',
}) {}

/** A write or sync failed. What was not yet acknowledged may or may not be stored; nothing more is accepted. */
export class LogWriteError extends defineError('RAGE_WAL_WRITE_FAILED', {
  status: 503,
  what: (f: { log: string; reason: string }) => `Writing to the log "${f.log}" failed: ${f.reason}.`,
  fix: 'What was acknowledged earlier is kept. Check the disk, then call rage.deferred.recover() or restart the process: a failed sync is never retried.',
}) {}

/** The log cannot grow. Entries that are there can still be noted and settled, which frees space. */
export class StorageFullError extends defineError('RAGE_WAL_STORAGE_FULL', {
  status: 503,
  what: (f: { log: string; reason: string }) => `The log "${f.log}" cannot grow: ${f.reason}.`,
  fix: 'Nothing was stored. Free space on its disk; the log takes entries again within a second of it.',
}) {}

/** The log was used after close(). */
export class LogClosedError extends defineError('RAGE_WAL_CLOSED', {
  status: 503,
  what: (f: { log: string }) => `The log "${f.log}" is closed.`,
  fix: 'Nothing was stored. Stop adding before the log is closed.',
}) {}

/** A record breaks the limits of the format. Thrown at once; nothing was written. */
export class InvalidRecordError extends defineError('RAGE_WAL_INVALID_RECORD', {
  what: (f: { field: string; expected: string; given: number }) =>
    `The ${f.field} of a log record must be ${f.expected}, got ${f.given}.`,
  fix: 'Store large values elsewhere and keep a reference to them in the record.',
}) {}

/** Bytes of a log fail their checksum and are skipped. Logged; what they held is lost unless repaired by hand. */
export class DamagedRecordError extends defineError('RAGE_WAL_DAMAGED_RECORD', {
  what: (f: { file: string; offset: number; bytes: number; kept: string }) =>
    `${f.bytes} bytes at ${f.offset} of "${f.file}" are damaged and were skipped; a copy is in "${f.kept}".`,
  fix: 'Everything else in the log is used. Check the disk; delete the copy once it is of no interest.',
}) {}

/** A log was written by a newer version of rage-js. Logged; the log is left as it is. */
export class NewerFormatError extends defineError('RAGE_WAL_NEWER_FORMAT', {
  what: (f: { file: string; version: number; known: number }) =>
    `"${f.file}" has format version ${f.version}, this rage-js reads up to ${f.known}; its log was left alone.`,
  fix: 'Start a process with the newer rage-js on this folder: it takes the log over.',
}) {}
