/** `rage.load`: folders are loaded one after the other, so that the order of their classes is that of the calls. */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AnyClass, RegistrationClosedError } from '../kernel'
import { FileNotLoadedError } from './errors'
import { type FoundClass, loadFolder } from './load-folder'

export interface FoldersWorld {
  /** Where relative paths start. */
  readonly root: string
  /** Time for one file; 0 = no limit. */
  readonly fileMs: number
  readonly isRegistrable: (value: unknown) => value is AnyClass
  readonly register: (type: AnyClass) => void
}

export class Folders {
  readonly #world: FoldersWorld
  #pending: Promise<void> | null = null
  #isClosed = false

  constructor(world: FoldersWorld) {
    this.#world = world
  }

  /** Registers nothing when a file of the folder cannot be used. @throws see `Rage.load`; always as a rejection */
  load(given: string | URL): Promise<void> {
    const before = this.#pending
    const loading = this.#load(given, before)
    // Boot fails with it, whether somebody awaits it here or not.
    loading.catch(() => undefined)
    this.#pending = loading
    return loading
  }

  /** What boot has to wait for; `null` = nothing. Nothing is loaded afterwards. */
  close(): Promise<void> | null {
    this.#isClosed = true
    return this.#pending
  }

  async #load(given: string | URL, before: Promise<void> | null): Promise<void> {
    const isUrl = given instanceof URL || given.startsWith('file:')
    const folder = isUrl ? fileURLToPath(given) : resolve(this.#world.root, given)
    if (this.#isClosed) throw new RegistrationClosedError({ kind: 'folder', name: folder })
    await before
    const { isRegistrable, fileMs } = this.#world
    for (const found of await loadFolder(folder, isRegistrable, fileMs)) this.#register(found)
  }

  #register({ type, file }: FoundClass): void {
    try {
      this.#world.register(type)
    } catch (cause) {
      throw new FileNotLoadedError({ file, reason: (cause as Error).message }, { cause })
    }
  }
}
