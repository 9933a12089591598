/**
 * The classes that the files of a folder export, so that an application need not list them: file by file in the order
 * of their paths, in each file by name, so that subscribers are called in the same order on every machine. CommonJS,
 * ES modules (with top-level await, too) and, where the process can read it, TypeScript.
 */
import { type Dirent, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Task } from '../deferred'
import { Subscriber } from '../events'
import type { AnyClass } from '../kernel'
import {
  FileLoadTimeoutError,
  FileNotLoadedError,
  FolderNotLoadedError,
  NothingToRegisterError,
} from './errors'

export interface FoundClass {
  readonly type: AnyClass
  /** Absolute path. */
  readonly file: string
}

/** More are somebody's whole disk. */
const mostFiles = 1_000
const loadable = /(?<!\.d)\.[cm]?[jt]s$/
const ofTests = /\.(test|spec)\.[cm]?[jt]s$/

/**
 * Loads every file below `folder`, once: what was loaded before is not run again. Left out are names that begin with a
 * dot, `node_modules`, `__tests__`, `*.test.*`, `*.spec.*`, declarations, and TypeScript beside its JavaScript.
 *
 * @param folder absolute path.
 * @param isRegistrable which exports are meant; others in the same file are nobody's business.
 * @param fileMs time for one file; 0 = no limit.
 * @returns each class once. Classes that others of the folder extend, and which can do nothing themselves, are left out.
 * @throws FolderNotLoadedError, FileNotLoadedError, FileLoadTimeoutError, NothingToRegisterError
 */
export async function loadFolder(
  folder: string,
  isRegistrable: (value: unknown) => value is AnyClass,
  fileMs: number,
): Promise<readonly FoundClass[]> {
  const found = new Map<AnyClass, FoundClass>()
  for (const file of filesIn(folder)) {
    const exported = await exportsOf(file, fileMs)
    const types = [...exported.values()].filter(isRegistrable)
    if (types.length === 0) throw new NothingToRegisterError({ file, names: [...exported.keys()] })
    for (const type of types) if (!found.has(type)) found.set(type, { type, file })
  }
  const types = [...found.keys()]
  const bases = types.filter((type) => isUnfinished(type) && types.some((other) => extendsClass(other, type)))
  return [...found.values()].filter(({ type }) => !bases.includes(type))
}

function filesIn(folder: string): string[] {
  const paths = entriesOf(folder).filter(
    (path) => loadable.test(path) && !ofTests.test(path) && !path.split('/').some(isHidden),
  )
  const scripts = new Set(paths.filter((path) => path.endsWith('js')))
  const wanted = paths.filter((path) => path.endsWith('js') || !scripts.has(path.replace(/ts$/, 'js')))
  if (wanted.length === 0) throw new FolderNotLoadedError({ folder, reason: 'it holds no JavaScript' })
  if (wanted.length > mostFiles)
    throw new FolderNotLoadedError({ folder, reason: `it holds more than ${mostFiles} files` })
  // By code unit, not by locale.
  return wanted.sort((a, b) => (a < b ? -1 : 1)).map((path) => join(folder, path))
}

/** Relative paths with `/`. */
function entriesOf(folder: string): string[] {
  let entries: Dirent[]
  try {
    entries = readdirSync(folder, { withFileTypes: true, recursive: true })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const reason =
      code === 'ENOENT' ? 'it does not exist' : code === 'ENOTDIR' ? 'it is a file' : String(cause)
    throw new FolderNotLoadedError({ folder, reason }, { cause })
  }
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
}

function isHidden(name: string): boolean {
  return name.startsWith('.') || name === 'node_modules' || name === '__tests__'
}

/** What a file exports, by name; of CommonJS, what `module.exports` holds. */
async function exportsOf(file: string, fileMs: number): Promise<Map<string, unknown>> {
  try {
    // Loads CommonJS as well, into the cache of `require`: a file that both kinds of code load is one module.
    const loading: Promise<Readonly<Record<string, unknown>>> = import(pathToFileURL(file).href)
    const module = await inTime(loading, file, fileMs)
    const { default: main } = module
    const inner = typeof main === 'object' && main !== null ? Object.entries(main) : []
    return new Map([...Object.entries(module), ...inner].sort(([a], [b]) => (a < b ? -1 : 1)))
  } catch (cause) {
    if (cause instanceof FileLoadTimeoutError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new FileNotLoadedError({ file, reason }, { cause })
  }
}

/** A module cannot be given up: one that is late is loaded all the same, and nobody looks at it any more. */
async function inTime<T>(loading: Promise<T>, file: string, timeoutMs: number): Promise<T> {
  if (timeoutMs === 0) return loading
  let timer: NodeJS.Timeout
  const late = new Promise<never>((_, reject) => {
    // It keeps the process alive: with nothing else to wait for, Node would end without a word.
    timer = setTimeout(() => reject(new FileLoadTimeoutError({ file, timeoutMs })), timeoutMs)
  })
  return Promise.race([loading, late]).finally(() => clearTimeout(timer))
}

/** A base class for others: it reacts to nothing, or has not the method that would. */
function isUnfinished(type: AnyClass): boolean {
  const { prototype, on } = type as unknown as {
    readonly prototype: { readonly call?: unknown; readonly perform?: unknown }
    readonly on?: readonly unknown[]
  }
  if (extendsClass(type, Subscriber)) return typeof prototype.call !== 'function' || !on?.length
  return extendsClass(type, Task) && typeof prototype.perform !== 'function'
}

function extendsClass(type: AnyClass, base: { readonly prototype: object }): boolean {
  return Object.prototype.isPrototypeOf.call(base.prototype, type.prototype)
}
