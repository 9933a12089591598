/**
 * A seat that one process of a host has at a time, by a kernel lock, and what it wrote down there. Once its process is
 * gone, however it went, the seat is free and the next one reads what the last one wrote: the whole of it, or, after
 * a power cut in between, what was there before.
 *
 *   <folder>/<name>-<lock kind>   empty; locked by whoever sits
 *   <folder>/<name>               the text, replaced as a whole
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LockUnavailableError } from './errors'
import { makeFolder, replaceFile } from './folders'
import { allLockWays, findLockWays, LogLock } from './lock'

export class Seat {
  readonly #folder: string
  readonly #name: string
  #locks: LogLock[] = []

  /** Touches nothing yet. */
  constructor(folder: string, name: string) {
    this.#folder = folder
    this.#name = name
  }

  /** `false` while somebody else sits. @throws LockUnavailableError, errors of the file system. */
  async take(): Promise<boolean> {
    await makeFolder(this.#folder)
    const ways = findLockWays()
    if (ways.length === 0)
      throw new LockUnavailableError({ folder: this.#folder, tried: allLockWays.join(', ') })
    for (const way of ways) {
      const lock = LogLock.takeFile(join(this.#folder, `${this.#name}-${way.kind}`), way)
      if (lock === null) {
        this.release()
        return false
      }
      this.#locks.push(lock)
    }
    return true
  }

  /** `null` when nothing was ever written. Anybody may read. */
  async read(): Promise<string | null> {
    try {
      return await readFile(join(this.#folder, this.#name), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  /** On disk when it resolves. Only by the one who sits, one write after the other. */
  write(text: string): Promise<void> {
    return replaceFile(join(this.#folder, this.#name), text)
  }

  /** Any number of times. */
  release(): void {
    for (const lock of this.#locks.splice(0)) lock.release()
  }
}
