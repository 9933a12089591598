import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { describe, it } from 'vitest'
import { moveJobs } from '../../src/cli/move'
import type { StoppedJobs } from '../../src/cli/stopped-jobs'
import { queueName, testEngines } from '../deferred/support/engines'
import { atEnd } from '../runtime/support/runtimes'
import { redisUrl } from '../support/services'

const bullmq = testEngines.find(({ name }) => name === 'bullmq')!
const elsewhere = { to: 'bullmq', prefix: null, schema: null }

/** The jobs of a stopped process, and how many of them left its log at a time. */
function stopped(sizes: readonly number[]) {
  const forgotten: number[] = []
  const found = sizes.map((size, index) => {
    const args = 'x'.repeat(size)
    const texts = { id: `mjx0:${index}`, task: 'T', args, context: '{"id":"r"}' }
    return { args, stays: null, stored: { v: 1, ...texts, runAt: 0, failures: 0, priority: 0 } }
  })
  const jobs = {
    jobs: found,
    others: 0,
    unreadable: 0,
    forget: async (some: readonly unknown[]) => void forgotten.push(some.length),
  }
  const folder = { jobs, written: async () => undefined }
  return { forgotten, jobs: folder as unknown as StoppedJobs }
}

describe.skipIf(!bullmq.isThere)('rage jobs move: jobs that go together', () => {
  it('are 500 at most, and large ones fewer; one that is larger than all goes alone', async () => {
    const queue = queueName()
    atEnd(() => bullmq.remove(queue))
    const mebibyte = 2 ** 20
    const { forgotten, jobs } = stopped([
      ...Array.from({ length: 501 }, () => 1),
      ...Array.from({ length: 7 }, () => 3 * mebibyte),
      9 * mebibyte,
      1,
    ])

    const { moved } = await moveJobs(jobs, { ...elsewhere, connection: redisUrl, queue })

    assert.deepEqual([moved, forgotten], [510, [500, 3, 2, 2, 1, 1, 1]])
  })
})

describe('rage jobs move: a server that never answers', () => {
  it('is an error with a code, and no job leaves the log', async () => {
    const sockets = new Set<Socket>()
    const silent = createServer((socket) => void sockets.add(socket))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    atEnd(() => {
      silent.close()
      for (const socket of sockets) socket.destroy()
    })
    const { port } = silent.address() as { port: number }
    const { forgotten, jobs } = stopped([1])

    await assert.rejects(
      moveJobs(jobs, { ...elsewhere, connection: `redis://127.0.0.1:${port}`, queue: 'q' }),
      { code: 'RAGE_DEFERRED_ENGINE_UNAVAILABLE', message: /Redis does not answer/ },
    )

    assert.deepEqual(forgotten, [])
  }, 20_000)
})
