/** What `rage jobs` asks of a process that runs; see control.ts. */
import type { Deferred, JobState } from '../deferred'
import type { Commands } from './control'

export function jobCommands(deferred: Deferred): Commands {
  return {
    'jobs.stats': async () => {
      const counts = await deferred.count()
      return { pid: process.pid, ...counts, health: deferred.health(), ...deferred.queues() }
    },
    'jobs.list': ({ state, task, limit }) => list(deferred, { state, task, limit: Number(limit ?? 100) }),
    'jobs.show': ({ id }) => deferred.find(String(id)),
    'jobs.retry': ({ id }) => deferred.retryDead(String(id)),
    'jobs.discard': async ({ id }) =>
      (await deferred.discardDead(String(id))) || (await deferred.cancel(String(id))),
    'jobs.pause': ({ queue }) => deferred.pause(textOf(queue)),
    'jobs.resume': ({ queue }) => deferred.resume(textOf(queue)),
  }
}

interface Filter {
  readonly state: unknown
  readonly task: unknown
  readonly limit: number
}

/** Of an engine, dead jobs are all that is shown here: the others are listed by its own boards. */
async function list(deferred: Deferred, { state, task, limit }: Filter): Promise<readonly object[]> {
  // What is filtered here must not be cut off before.
  const most = typeof task === 'string' ? mostListed : limit
  const jobs =
    state === 'dead'
      ? (await deferred.deadJobs()).map((job) => ({ ...job, state, attempt: job.attempts, runAt: null }))
      : await deferred.list({
          limit: most,
          ...(typeof state === 'string' ? { state: state as JobState } : {}),
        })
  const wanted = typeof task === 'string' ? jobs.filter((job) => job.task === task) : jobs
  return wanted.slice(0, limit)
}

const mostListed = 1_000

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
