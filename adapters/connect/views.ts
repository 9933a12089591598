/**
 * Finds views and renders them with the engines registered for their extensions, as Express's View does; where none is,
 * with the module of the extension's name (`.ejs`: `require('ejs').__express`), loaded from the application.
 */
import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, extname, join, resolve } from 'node:path'
import type { ViewEngine } from '../../src/runtime'
import { NoViewEngineError, ViewNotFoundError } from './errors'

/** Receives the text of a view, or what went wrong. */
export type Render = (error: unknown, text?: string) => void

interface View {
  readonly path: string
  readonly engine: ViewEngine
}

export class Views {
  readonly #settings: Readonly<Record<string, unknown>>
  readonly #engines = new Map<string, ViewEngine>()
  readonly #cache = new Map<string, View>()
  readonly #require: NodeJS.Require

  /**
   * @param settings by name: `views` and `view engine` are read at each use.
   * @param root     folder of the application, whose packages engines are.
   */
  constructor(settings: Readonly<Record<string, unknown>>, root: string) {
    this.#settings = settings
    this.#require = createRequire(join(root, 'package.json'))
  }

  register(extension: string, engine: ViewEngine): void {
    if (typeof engine !== 'function') throw new TypeError('a view engine is a function (path, locals, done)')
    this.#engines.set(extension.startsWith('.') ? extension : `.${extension}`, engine)
  }

  /** Never calls back before it has returned, and never throws. */
  render(name: string, locals: Record<string, unknown>, done: Render): void {
    let hasReturned = false
    const later: Render = (...result) => {
      if (hasReturned) done(...result)
      else process.nextTick(done, ...result)
    }
    try {
      const view = this.#find(name, locals.cache === true)
      view.engine(view.path, locals, later)
    } catch (error) {
      later(error)
    }
    hasReturned = true
  }

  #find(name: string, isCached: boolean): View {
    const known = isCached ? this.#cache.get(name) : undefined
    if (known !== undefined) return known
    let extension = extname(name)
    if (extension === '') {
      const standard = this.#settings['view engine']
      if (typeof standard !== 'string')
        throw new NoViewEngineError({
          view: name,
          reason: 'No default engine was specified, and it has no extension',
        })
      extension = standard.startsWith('.') ? standard : `.${standard}`
    }
    // The file first: what names no view loads no module.
    const path = this.#fileOf(name, extension)
    const engine = this.#engines.get(extension) ?? this.#load(extension, name)
    const view = { engine, path }
    if (isCached) this.#cache.set(name, view)
    return view
  }

  #load(extension: string, view: string): ViewEngine {
    const module = extension.slice(1)
    const engine = this.#exportOf(module, view)
    if (typeof engine !== 'function')
      throw new NoViewEngineError({ view, reason: `the module "${module}" does not provide a view engine` })
    this.register(extension, engine as ViewEngine)
    return engine as ViewEngine
  }

  #exportOf(module: string, view: string): unknown {
    try {
      return this.#require(module).__express
    } catch (cause) {
      throw new NoViewEngineError(
        { view, reason: `no engine is registered, and the module "${module}" cannot be loaded` },
        { cause },
      )
    }
  }

  #fileOf(name: string, extension: string): string {
    const folders = [this.#settings.views].flat() as string[]
    for (const folder of folders) {
      const file = resolve(folder, extname(name) === '' ? name + extension : name)
      if (isFile(file)) return file
      const index = join(dirname(file), basename(file, extension), `index${extension}`)
      if (isFile(index)) return index
    }
    throw new ViewNotFoundError({ view: name, folders: folders.join(', ') })
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
