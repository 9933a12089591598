/** The jobs of a folder whose processes run: asks each of them through its socket. */
import type { JobRow, JobsView, ListFilter, ShownJob } from './jobs-view'
import { ask, liveSockets } from './processes'

/** `null` when no process listens. */
export async function findLiveJobs(storage: string): Promise<JobsView | null> {
  const sockets = await liveSockets(storage)
  return sockets.length === 0 ? null : new LiveJobs(sockets)
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

  show(id: string): Promise<ShownJob | null> {
    return this.#first<ShownJob>('jobs.show', { id })
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
