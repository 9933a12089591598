/**
 * The one place where bytes go to disk. A narrow seam: the log decides what is written where, a committer
 * writes and syncs it. This one uses libuv's pool; errors are final for the log, so nothing is retried here.
 */
import { fdatasync, write } from 'node:fs'

export interface CommitTask {
  /** Descriptor of the segment. */
  readonly file: number
  /** May be empty, to sync only. Not touched by the log until the task is over. */
  readonly bytes: Uint8Array
  readonly position: number
  readonly sync: boolean
  /** Called once the kernel has all the bytes, before the sync. */
  readonly written: (() => void) | null
}

export interface Committer {
  /** Writes all of `bytes`, then syncs if asked to. Rejects with the error of the first call that failed. */
  commit(task: CommitTask): Promise<void>
}

export class PoolCommitter implements Committer {
  commit(task: CommitTask): Promise<void> {
    return new Promise((resolve, reject) => {
      const synced = (error: Error | null): void => (error === null ? resolve() : reject(error))
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
        if (task.sync) fdatasync(file, synced)
        else resolve()
      }
      step(null, 0)
    })
  }
}
