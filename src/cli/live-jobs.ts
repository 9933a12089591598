/** The jobs of a folder whose processes run: asks each of them through its socket. */
import { connect } from 'node:net'
import { checkedFolder, controlFolder, socketsIn } from '../runtime'
import { ProcessError } from './errors'
import type { JobRow, JobsView, ListFilter } from './jobs-view'

const patienceMs = 10_000
const longestAnswer = 16 * 1024 * 1024

/** `null` when no process listens. */
export async function findLiveJobs(storage: string): Promise<JobsView | null> {
  const folder = controlFolder(storage)
  const sockets = await socketsIn(folder)
  if (sockets.length === 0) return null
  await checkedFolder(folder)
  const alive: string[] = []
  for (const socket of sockets) if (await isListening(socket)) alive.push(socket)
  return alive.length === 0 ? null : new LiveJobs(alive)
}

class LiveJobs implements JobsView {
  readonly #sockets: readonly string[]

  constructor(sockets: readonly string[]) {
    this.#sockets = sockets
  }

  async list({ state, task, limit }: ListFilter): Promise<readonly JobRow[]> {
    const lists = await this.#all<JobRow[]>('jobs.list', { state, task, limit })
    // Processes with one engine between them tell of the same jobs.
    const rows = new Map(lists.flat().map((row) => [row.id, row]))
    return [...rows.values()].slice(0, limit)
  }

  show(id: string): Promise<JobRow | null> {
    return this.#first<JobRow>('jobs.show', { id })
  }

  async retry(id: string): Promise<boolean> {
    return (await this.#first('jobs.retry', { id })) !== null
  }

  async discard(id: string): Promise<boolean> {
    return (await this.#first('jobs.discard', { id })) !== null
  }

  async pause(queue: string | null): Promise<void> {
    await this.#all('jobs.pause', { queue })
  }

  async resume(queue: string | null): Promise<void> {
    await this.#all('jobs.resume', { queue })
  }

  async stats(): Promise<Readonly<Record<string, unknown>>> {
    return { processes: await this.#all('jobs.stats', {}) }
  }

  async close(): Promise<void> {}

  #all<T>(command: string, options: object): Promise<T[]> {
    return Promise.all(this.#sockets.map((socket) => ask<T>(socket, command, options)))
  }

  /** What the first process that has something answers; `false` and `null` are nothing. */
  async #first<T>(command: string, options: object): Promise<T | null> {
    for (const socket of this.#sockets) {
      const answer = await ask<T | false | null>(socket, command, options)
      if (answer !== null && answer !== false) return answer
    }
    return null
  }
}

/** @throws ProcessError */
async function ask<T>(socket: string, command: string, options: object): Promise<T> {
  const line = await exchange(socket, `${JSON.stringify({ v: 1, command, options })}\n`).catch(
    (cause: Error) => {
      throw new ProcessError({ socket, reason: cause.message }, { cause })
    },
  )
  const answer = JSON.parse(line) as { ok: true; result: T } | { ok: false; message: string }
  if (!answer.ok) throw new ProcessError({ socket, reason: answer.message })
  return answer.result
}

function exchange(path: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(path, () => socket.end(request))
    socket.setTimeout(patienceMs, () => socket.destroy(new Error(`no answer within ${patienceMs} ms`)))
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
      if (text.length > longestAnswer) socket.destroy(new Error('its answer does not end'))
    })
    socket.once('error', reject)
    socket.once('close', () =>
      text.endsWith('\n') ? resolve(text) : reject(new Error('its answer was cut off')),
    )
  })
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
