/**
 * The folder in which this process keeps uploaded files for the length of their requests:
 *
 *     <http.uploads.folder>/rage-uploads-<host>-<pid>-<start of the process, ms>-<random>/<random>
 *
 * A process that was killed could not delete its files; the name tells the next one on this host that they are
 * nobody's any more.
 */
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'

const host = hostname().replace(/[^\w.]/g, '_')
const startedMs = Math.round(Date.now() - process.uptime() * 1000)
const prefix = `rage-uploads-${host}-`

/** Two threads of one process compute its start a little differently. */
const startToleranceMs = 10_000

/** Of this process, by the folder they are in. */
const prepared = new Map<string, Promise<string>>()

/** @returns a folder that exists, readable by nobody else. */
export async function uploadFolder(parent: string): Promise<string> {
  const known = prepared.get(parent)
  // Cleaners of temporary folders remove what has not been used for days.
  if (known !== undefined && (await isThere(known))) return known
  // Another request may have noticed meanwhile.
  const latest = prepared.get(parent)
  if (latest !== undefined && latest !== known) return latest
  const folder = prepare(parent)
  prepared.set(parent, folder)
  return folder
}

async function isThere(folder: Promise<string>): Promise<boolean> {
  return folder.then(stat).then(
    () => true,
    // Gone, or it could never be made: a new attempt tells.
    () => false,
  )
}

async function prepare(given: string): Promise<string> {
  const parent = resolve(given)
  await mkdir(parent, { recursive: true })
  await removeAbandoned(parent)
  return mkdtemp(join(parent, `${prefix}${process.pid}-${startedMs}-`))
}

/** Never fails: what cannot be removed is left to who can. */
async function removeAbandoned(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => [])
  const abandoned = names.filter((name) => name.startsWith(prefix) && isAbandoned(name.slice(prefix.length)))
  await Promise.allSettled(abandoned.map((name) => rm(join(parent, name), { recursive: true, force: true })))
}

/** @param rest of the name, from the pid on. */
function isAbandoned(rest: string): boolean {
  const [pid, start] = /^(\d+)-(\d+)-/.exec(rest)?.slice(1).map(Number) ?? []
  if (pid === undefined || start === undefined) return false
  // In a container every process has the same id: the start tells them apart.
  if (pid === process.pid) return start < startedMs - startToleranceMs
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
