/**
 * The folder in which this process keeps uploaded files for the length of their requests:
 *
 *     <http.uploads.folder>/rage-uploads-<mark of the process>-<random>/<random>
 *
 * A process that was killed could not delete its files: the next one does, where it is certain that the owner is
 * dead. Of an owner it cannot ask about (another machine, another container, before a reboot) it waits until nothing
 * in the folder was touched for a day; the living touch theirs with every upload.
 */
import { mkdir, mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { UploadOptions } from './options'
import { isAlive, processMark } from './process-mark'

const prefix = 'rage-uploads-'
const abandonedAfterMs = 24 * 60 * 60 * 1000

/** Of this process, by the folder they are in. */
const prepared = new Map<string, Promise<string>>()

/** @returns a folder that exists, readable by nobody else. */
export async function uploadFolder(parent: string): Promise<string> {
  const known = prepared.get(parent)
  // Cleaners of temporary folders remove what has not been used for days.
  if (known !== undefined && (await isTouched(known))) return known
  // Another request may have noticed meanwhile.
  const latest = prepared.get(parent)
  if (latest !== undefined && latest !== known) return latest
  const folder = prepare(parent)
  prepared.set(parent, folder)
  return folder
}

/** Deletes what dead processes left in the folder, if uploads are taken. Never fails: what cannot be removed is left to who can. */
export async function removeAbandonedUploads({ enabled, folder }: UploadOptions): Promise<void> {
  if (enabled && folder !== undefined) await removeAbandonedIn(folder)
}

async function removeAbandonedIn(parent: string): Promise<void> {
  const names = await readdir(resolve(parent)).catch(() => [])
  const folders = names.filter((name) => name.startsWith(prefix)).map((name) => join(resolve(parent), name))
  await Promise.allSettled(
    folders.map(async (folder) => {
      if (await isAbandoned(folder)) await rm(folder, { recursive: true, force: true })
    }),
  )
}

/** `false` = it has gone, or could never be made: a new attempt tells. */
async function isTouched(folder: Promise<string>): Promise<boolean> {
  const now = new Date()
  return folder
    .then((path) => utimes(path, now, now))
    .then(
      () => true,
      () => false,
    )
}

async function prepare(given: string): Promise<string> {
  const parent = resolve(given)
  await mkdir(parent, { recursive: true })
  await removeAbandonedIn(parent)
  return mkdtemp(join(parent, `${prefix}${processMark}-`))
}

async function isAbandoned(folder: string): Promise<boolean> {
  const isLiving = isAlive(markOf(folder))
  if (isLiving !== null) return !isLiving
  const paths = (await readdir(folder)).map((name) => join(folder, name))
  const touched = await Promise.all([folder, ...paths].map(async (path) => (await stat(path)).mtimeMs))
  return Math.max(...touched) < Date.now() - abandonedAfterMs
}

function markOf(folder: string): string {
  const name = folder.slice(folder.lastIndexOf(prefix) + prefix.length)
  return name.slice(0, name.lastIndexOf('-'))
}
