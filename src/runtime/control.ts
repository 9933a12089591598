/**
 * The socket that `rage` on the command line speaks to. One line of JSON in, one out, then it is closed:
 *
 *     {"v":1,"command":"jobs.show","options":{"id":"..."}}
 *     {"ok":true,"result":{...}}        or        {"ok":false,"code":"RAGE_...","message":"..."}
 *
 * For the user of this process alone: the folder is closed to others. Without it the runtime works all the same, so that
 * nothing here fails a boot.
 */
import { chmod, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createService, type Service } from '../kernel'
import type { Logger } from '../logger'
import { controlFolder, makeControlFolder, socketPaths, socketsIn } from './control-path'

/** What can be asked, by name. What it throws or rejects with is answered as an error. */
export type Commands = Readonly<Record<string, (options: Readonly<Record<string, unknown>>) => unknown>>

export interface ControlWorld {
  readonly storage: string
  readonly logger: Logger
  readonly commands: Commands
}

const longestRequest = 64 * 1024
const longestAnswer = 16 * 1024 * 1024
/** For a request to arrive whole, and for its answer to be taken. */
const patienceMs = 10_000

export class Control {
  readonly service: Service
  readonly #world: ControlWorld
  readonly #sockets = new Set<Socket>()
  #server: Server | null = null
  #path: string | null = null
  #opening: Promise<void> = Promise.resolve()

  constructor(world: ControlWorld) {
    this.#world = world
    this.service = createService('control', {
      serve: () => {
        this.#opening = this.#open()
      },
      stop: () => this.#stop(),
    })
  }

  async #open(): Promise<void> {
    // Sockets have no files, and no permissions of files, there.
    if (process.platform === 'win32') return
    const { storage, logger } = this.#world
    try {
      const folder = controlFolder(storage)
      await makeControlFolder(folder)
      await removeStale(folder)
      this.#path = await this.#listenIn(folder)
      await chmod(this.#path, 0o600)
    } catch (error) {
      logger.warn({ err: error, storage }, 'rage on the command line cannot reach this process')
    }
  }

  async #listenIn(folder: string): Promise<string> {
    for (const path of socketPaths(folder)) {
      try {
        await this.#listen(path)
        return path
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      }
    }
    throw new Error(`too many processes listen in "${folder}"`)
  }

  #listen(path: string): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#receive(socket))
    server.unref()
    this.#server = server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, () => {
        server.off('error', reject)
        server.on('error', (error) => this.#world.logger.warn({ err: error }, 'control socket failed'))
        resolve()
      })
    })
  }

  #receive(socket: Socket): void {
    this.#sockets.add(socket)
    socket.unref()
    socket.setTimeout(patienceMs, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
    let text = ''
    let isAsked = false
    socket.setEncoding('utf8').on('data', (piece: string) => {
      if (isAsked) return
      text += piece
      const end = text.indexOf('\n')
      if (end === -1 && text.length <= longestRequest) return
      isAsked = true
      void this.#answer(end === -1 ? '' : text.slice(0, end)).then((line) => socket.end(line))
    })
  }

  /** Never rejects. */
  async #answer(line: string): Promise<string> {
    try {
      const { v, command, options = {} } = parseRequest(line)
      if (v !== 1) throw new Error(`request version ${String(v)} is not known here`)
      const { commands } = this.#world
      const run = Object.hasOwn(commands, command) ? commands[command] : undefined
      if (run === undefined) throw new Error(`there is no command "${command}" in this version`)
      const answer = `${JSON.stringify({ ok: true, result: (await run(options)) ?? null })}\n`
      if (answer.length > longestAnswer) throw new Error('the answer is too long; ask for less')
      return answer
    } catch (error) {
      const { code = null, message } = error as { code?: string | null; message: string }
      return `${JSON.stringify({ ok: false, code, message })}\n`
    }
  }

  async #stop(): Promise<void> {
    await this.#opening
    for (const socket of this.#sockets) socket.destroy()
    const server = this.#server
    if (server?.listening === true) await new Promise((resolve) => server.close(resolve))
    if (this.#path !== null) await rm(this.#path, { force: true }).catch(() => undefined)
  }
}

interface Request {
  readonly v: unknown
  readonly command: string
  readonly options?: Readonly<Record<string, unknown>>
}

function parseRequest(line: string): Request {
  const request = JSON.parse(line) as Request | null
  if (typeof request?.command !== 'string' || typeof (request.options ?? {}) !== 'object')
    throw new Error('the request is not one line of {"v","command","options"}')
  return { ...request, options: request.options ?? {} }
}

/** Sockets of processes that were killed. */
async function removeStale(folder: string): Promise<void> {
  for (const path of await socketsIn(folder)) {
    if (!(await isListening(path))) await rm(path, { force: true })
  }
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
