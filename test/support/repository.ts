/** The repository as tests about the repository see it: its root, its source files, and the rooms they stand in. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'

export const root = resolve(__dirname, '../..')

/** Paths from the root of every file below `folder` that ends in `extension`, sorted; none if there is no such folder. */
export function filesIn(folder: string, extension: string): string[] {
  const start = join(root, folder)
  if (statSync(start, { throwIfNoEntry: false }) === undefined) return []
  return readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split('/').includes('node_modules'))
    .sort()
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Every file that is compiled into the package. */
export function sourceFiles(): string[] {
  return [...filesIn('src', '.ts'), ...filesIn('adapters', '.ts')]
}

/** `deferred` for src/deferred/task.ts, `adapters/express` for adapters/express/mount.ts, `index` for src/index.ts. */
export function roomOf(path: string): string {
  const [top, room = ''] = path.split('/')
  if (top === 'adapters') return `adapters/${room}`
  return room.replace(/\.ts$/, '')
}
