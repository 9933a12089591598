/** Names of the folders of logs, and changes to folders that survive a power cut. */
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { LockKind } from './lock'

export interface LogFolder {
  readonly kind: LockKind
  /** 32 hexadecimal digits. */
  readonly id: string
  readonly path: string
}

export const quarantineName = 'quarantine'

export function logFolder(parent: string, kind: LockKind, id: string): LogFolder {
  return { kind, id, path: join(parent, `${kind}-${id}`) }
}

/** The log a folder name stands for, or `null`. */
export function parseLogFolder(parent: string, name: string): LogFolder | null {
  const parts = /^(flock|ofd|lockfileex)-([0-9a-f]{32})$/.exec(name)
  return parts === null ? null : logFolder(parent, parts[1] as LockKind, parts[2]!)
}

/** A log on its way out; see `removeLogFolder`. */
export function isRemoved(name: string): boolean {
  return /^removed-[0-9a-f]{32}$/.test(name)
}

/** Renamed first, which is atomic: a log that is half deleted would be taken for one that is whole. */
export async function removeLogFolder({ path, id }: LogFolder): Promise<void> {
  const parent = dirname(path)
  const removed = join(parent, `removed-${id}`)
  await rename(path, removed)
  await syncFolder(parent)
  await rm(removed, { recursive: true, force: true })
}

/**
 * Makes the folder and what is missing above it, for good. Not by Node's `recursive`, which never returns where
 * a file system answers that the parent is missing when it is not (`/proc` does).
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolder(dirname(path))
    await mkdirUnlessThere(path)
  }
  await syncFolder(dirname(path))
}

/** Processes that boot together make the same folders. */
async function mkdirUnlessThere(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Makes names that came or went last: a new file can vanish in a power cut although its content was synced. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return // folders cannot be opened there, and NTFS journals names
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Synced, or the bytes that were cut off could come back. */
export async function truncateSynced(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.truncate(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The old content or the new one is there at any time, also after a power cut. One writer at a time. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const next = `${file}.next`
  const handle = await open(next, 'w')
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(next, file)
  await syncFolder(dirname(file))
}
