/**
 * The one place where bytes go to disk. A narrow seam: the log decides what is written where, a committer
 * writes and syncs it. Errors are final for the log, so nothing is retried here.
 */
import { fdatasync, stat, write } from 'node:fs'
import { crc32 } from 'node:zlib'
import { sealRecords } from './codec'
import { recordHeaderBytes } from './format'
import { addSyncTime, createSyncTimes, type SyncTimes, syncBounds } from './sync-times'

/** A file that must still lie where it was. */
export interface Place {
  readonly path: string
  readonly inode: number
}

export interface CommitTask {
  /** Descriptor of the segment. */
  readonly file: number
  /** May be empty, to sync only. Not touched by the log until the task is over. */
  readonly bytes: Uint8Array
  /** The bytes are records that lack their checksums, which start from it; `null` = they are as they should be. */
  readonly salt: number | null
  readonly position: number
  readonly sync: boolean
  /** After the sync: fail unless the file is there. It takes writes and syncs also when it was deleted or moved. */
  readonly place: Place | null
  /** Called once the kernel has all the bytes, before the sync. */
  readonly written: (() => void) | null
}

export interface Committer {
  /** Tasks that are not done. */
  readonly waiting: number
  /** How long the last task took that synced, in ms. */
  readonly lastSyncMs: number
  /** Of all syncs; `undefined` = not kept. */
  readonly syncTimes?: SyncTimes
  /**
   * Completes and writes all of `bytes`, then syncs if asked to. Tasks are done one after the other, in the order given.
   * Rejects with the error of the first call that failed.
   */
  commit(task: CommitTask): Promise<void>
  /** After a failure: one that takes tasks, this one or another. Rejects when none can be had. */
  renewed(): Promise<Committer>
  /** No task may follow. */
  close(): Promise<void>
}

/** On libuv's pool, which file system calls, DNS and hashes of passwords share. */
export class PoolCommitter implements Committer {
  lastSyncMs = 0
  waiting = 0
  readonly syncTimes = createSyncTimes()
  #last: Promise<void> = Promise.resolve()

  commit(task: CommitTask): Promise<void> {
    const done = this.waiting === 0 ? this.#run(task) : this.#last.then(() => this.#run(task))
    this.waiting += 1
    this.#last = done
    return done.finally(() => {
      this.waiting -= 1
    })
  }

  async renewed(): Promise<Committer> {
    await this.close()
    this.#last = Promise.resolve()
    return this
  }

  async close(): Promise<void> {
    await this.#last.catch(() => {})
  }

  async #run(task: CommitTask): Promise<void> {
    const startedAt = performance.now()
    if (task.salt !== null) sealRecords(task.bytes, task.salt, recordHeaderBytes, crc32)
    await writeAndSync(task, this.syncTimes)
    if (task.sync) this.lastSyncMs = performance.now() - startedAt
    if (task.place !== null) await checkPlace(task.place)
  }
}

function writeAndSync(task: CommitTask, times: SyncTimes): Promise<void> {
  return new Promise((resolve, reject) => {
    let writtenAt = 0
    const synced = (error: Error | null): void => {
      if (error !== null) return reject(error)
      addSyncTime(times, syncBounds, (performance.now() - writtenAt) / 1_000)
      resolve()
    }
    const step = (error: Error | null, done: number): void => {
      if (error !== null) return reject(error)
      const { file, bytes, position } = task
      // A write can be short, on a disk that fills up for one.
      if (done < bytes.length) {
        write(file, bytes, done, bytes.length - done, position + done, (failure, count) =>
          step(failure, done + count),
        )
        return
      }
      task.written?.()
      writtenAt = performance.now()
      if (task.sync) fdatasync(file, synced)
      else resolve()
    }
    step(null, 0)
  })
}

function checkPlace({ path, inode }: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    stat(path, (error, stats) => {
      if (error !== null) reject(error)
      else if (stats.ino !== inode) reject(new Error(`${path} has been replaced by another file`))
      else resolve()
    })
  })
}
