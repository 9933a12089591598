/**
 * Which queues are paused: `paused.json` in the folder of the logs, which every process reads when it boots.
 *
 *     {"v":1,"all":false,"queues":["mail"]}
 *
 * It is replaced as a whole, synced before and after, so that a power cut leaves the old one or the new one; and
 * read again before each change, so that processes of one folder keep what the others have paused.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Two runtimes of one process may share a folder. */
let writes = 0

interface State {
  all: boolean
  readonly queues: Set<string>
}

export class Pauses {
  readonly #file: string | null
  readonly #state: State = { all: false, queues: new Set() }
  /** One change after the other. */
  #writing: Promise<void> = Promise.resolve()

  /** @param file `null` = pauses end with the process. */
  constructor(file: string | null) {
    this.#file = file
  }

  /** All queues are paused, also those that are not there yet. */
  get all(): boolean {
    return this.#state.all
  }

  /** Those paused by their names. */
  get names(): Iterable<string> {
    return this.#state.queues
  }

  has(queue: string): boolean {
    return this.#state.all || this.#state.queues.has(queue)
  }

  /** Takes over what was paused before. @throws what the file system says, or that the file is not one of ours. */
  async load(): Promise<void> {
    const { all, queues } = await this.#read()
    this.#state.all ||= all
    for (const queue of queues) this.#state.queues.add(queue)
  }

  /**
   * In force when it returns; resolves when that is on disk.
   *
   * @param queue `null` = all queues, also those that are not there yet.
   */
  set(queue: string | null, isPaused: boolean): Promise<void> {
    change(this.#state, queue, isPaused)
    const written = this.#writing.then(() => this.#write(queue, isPaused))
    this.#writing = written.catch(() => undefined)
    return written
  }

  async #write(queue: string | null, isPaused: boolean): Promise<void> {
    const file = this.#file
    if (file === null) return
    const state = await this.#read()
    change(state, queue, isPaused)
    const folder = dirname(file)
    await mkdir(folder, { recursive: true })
    const next = `${file}.${process.pid}-${++writes}`
    const handle = await open(next, 'w')
    try {
      await handle.writeFile(JSON.stringify({ v: 1, all: state.all, queues: [...state.queues].sort() }))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(next, file)
    await syncFolder(folder)
  }

  async #read(): Promise<State> {
    const state: State = { all: false, queues: new Set() }
    if (this.#file === null) return state
    const text = await readFile(this.#file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    if (text === null) return state
    const { v, all, queues } = JSON.parse(text) as { v?: unknown; all?: unknown; queues?: unknown }
    if (v !== 1 || typeof all !== 'boolean' || !Array.isArray(queues)) {
      throw new Error(`${this.#file} is not a list of paused queues that this version can read`)
    }
    state.all = all
    for (const queue of queues) state.queues.add(String(queue))
    return state
  }
}

/** What is written down in a folder of logs. @throws as `Pauses.load` */
export async function pausesIn(folder: string): Promise<Pauses> {
  const pauses = new Pauses(join(folder, 'paused.json'))
  await pauses.load()
  return pauses
}

function change(state: State, queue: string | null, isPaused: boolean): void {
  if (queue === null) state.all = isPaused
  else if (isPaused) state.queues.add(queue)
  else state.queues.delete(queue)
}

/** A renamed file can vanish after a power cut. Where folders cannot be opened (Windows) there is nothing to sync. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
