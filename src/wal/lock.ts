/**
 * Who owns a log: a lock the kernel holds for an open file and drops when the process is gone, however it
 * went. Never a pid, never a heartbeat. Seam for `fs-ext` and `fs-native-extensions`, both optional.
 *
 * On Linux flock(2) and OFD locks do not see each other, so the kind is part of a log's folder name, and a
 * log whose kind cannot be tested here counts as taken.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'

export type LockKind = 'flock' | 'ofd' | 'lockfileex'
export type LockWayName = 'fs-ext' | 'flock command' | 'fs-native-extensions'

/** One way to take a lock of a kind. */
export interface LockWay {
  readonly name: LockWayName
  readonly kind: LockKind
  /** Locks the open file exclusively without waiting; `false` = somebody holds it. */
  tryLock(file: number): boolean
}

/** Best first: no child process; then one; then another kind. */
export const allLockWays: readonly LockWayName[] = ['fs-ext', 'flock command', 'fs-native-extensions']

/** Those of the ways that work here, one per kind, the preferred first. */
export function findLockWays(names: readonly LockWayName[] = allLockWays): readonly LockWay[] {
  const ways: LockWay[] = []
  for (const name of names) {
    const kind = kindOf(name)
    if (ways.some((way) => way.kind === kind)) continue
    const tryLock = load[name]()
    if (tryLock !== null) ways.push({ name, kind, tryLock })
  }
  return ways
}

/** The lock of one log, held until `release`. */
export class LogLock {
  readonly #file: number
  #held = true

  private constructor(file: number) {
    this.#file = file
  }

  /** `null` when somebody holds it, or the folder is gone. */
  static take(folder: string, way: LockWay): LogLock | null {
    return LogLock.takeFile(join(folder, 'LOCK'), way)
  }

  /** As `take`, of any file; it is made when missing, its folder is not. */
  static takeFile(path: string, way: LockWay): LogLock | null {
    let file: number
    try {
      file = openSync(path, 'a+')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
    try {
      // Whoever adopts a log removes its folder: a lock on a file that is no longer there protects nothing.
      if (way.tryLock(file) && isSameFile(file, path)) return new LogLock(file)
    } catch (error) {
      closeSync(file)
      throw error
    }
    closeSync(file)
    return null
  }

  /** Whether somebody holds it; makes no file. @throws the error of the file system: it cannot be told. */
  static isHeld(folder: string, way: LockWay): boolean {
    let file: number
    try {
      file = openSync(join(folder, 'LOCK'), 'r+')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    }
    try {
      return !way.tryLock(file)
    } finally {
      closeSync(file)
    }
  }

  /** Any number of times. */
  release(): void {
    if (!this.#held) return
    this.#held = false
    closeSync(this.#file)
  }
}

function isSameFile(file: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false })
  const here = fstatSync(file)
  return there !== undefined && there.ino === here.ino && there.dev === here.dev
}

function kindOf(name: LockWayName): LockKind {
  if (name !== 'fs-native-extensions' || process.platform === 'darwin') return 'flock'
  return process.platform === 'win32' ? 'lockfileex' : 'ofd'
}

type TryLock = (file: number) => boolean

const load: Record<LockWayName, () => TryLock | null> = {
  'fs-ext'() {
    const fsExt = optional<{ flockSync(file: number, flags: 'exnb'): void }>(() => require('fs-ext'))
    if (fsExt === null) return null
    return (file) => {
      try {
        fsExt.flockSync(file, 'exnb')
        return true
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EAGAIN' || code === 'EWOULDBLOCK') return false
        throw error
      }
    }
  },

  // The lock belongs to the open file, which the child shares and we keep: it outlives the child. Also in
  // BusyBox, which answers 1 when the lock is held, as util-linux does, and knows no other options.
  'flock command'() {
    const found = optional(() => spawnSync('flock', ['-V'], { stdio: 'ignore' }))
    if (found === null || found.error !== undefined) return null
    return (file) => {
      const { status, error } = spawnSync('flock', ['-xn', '3'], {
        stdio: ['ignore', 'ignore', 'ignore', file],
      })
      if (status === 0 || status === 1) return status === 0
      throw error ?? new Error(`flock -xn 3 ended with status ${status}`)
    }
  },

  'fs-native-extensions'() {
    const native = optional<{ tryLock(file: number): boolean }>(() => require('fs-native-extensions'))
    return native === null ? null : (file) => native.tryLock(file)
  },
}

/** Not installed, not permitted, or built for another Node or libc: the next way is tried, and if none is left that is an error. */
function optional<T>(load: () => T): T | null {
  try {
    return load()
  } catch {
    return null
  }
}
