/**
 * Where the processes of a storage folder can be spoken to: one Unix socket each, in a folder that only its owner can
 * enter.
 */
import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Names of sockets have at most 103 bytes on macOS, 107 on Linux, a final zero not counted. */
const longestPath = 103
const longestName = '99.sock'.length
const socketName = /^\d{1,2}\.sock$/

/** In the storage folder, or, where that path is too long for a socket, in the temporary folder under a name made from it. */
export function controlFolder(storage: string): string {
  const own = join(storage, 'control')
  if (Buffer.byteLength(own) + 1 + longestName <= longestPath) return own
  const hash = createHash('sha256').update(storage).digest('hex').slice(0, 16)
  return join(tmpdir(), `rage-${hash}`)
}

/** Where a process may listen: the first that is free. Not by process id, which containers on one folder may share. */
export function socketPaths(folder: string): string[] {
  return Array.from({ length: 99 }, (_, index) => join(folder, `${index + 1}.sock`))
}

/** Paths of the sockets there are; whether somebody listens, connecting tells. None where there is no such folder. */
export async function socketsIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => socketName.test(name)).map((name) => join(folder, name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/**
 * Makes the folder, for this user alone.
 *
 * @throws when it belongs to somebody else: in a temporary folder anybody may have made one of that name.
 */
export async function makeControlFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { uid, mode } = await checkedFolder(folder)
  if (uid === process.getuid?.() && (mode & 0o077) !== 0) await chmod(folder, 0o700)
}

/** @throws when others than this user, or root, could have put a socket there. */
export async function checkedFolder(
  folder: string,
): Promise<{ readonly uid: number; readonly mode: number }> {
  const stat = await lstat(folder)
  if (!stat.isDirectory()) throw new Error(`"${folder}" is not a folder`)
  const user = process.getuid?.()
  if (user !== undefined && user !== 0 && stat.uid !== user && stat.uid !== 0)
    throw new Error(`"${folder}" belongs to another user`)
  return stat
}
