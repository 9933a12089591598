import assert from 'node:assert/strict'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'vitest'
import { Task } from '../../src'
import type { Engine, EngineKind } from '../../src/deferred'
import { atEnd, makeRage, temporaryFolder } from '../runtime/support/runtimes'

class Work extends Task {
  override perform(): void {}
}

/** One that accepts everything and does nothing. */
const idle: EngineKind = {
  name: 'Idle',
  transactions: null,
  open: async (): Promise<Engine> => ({
    add: async () => undefined,
    serve: () => undefined,
    pause: async () => undefined,
    close: async () => undefined,
    counts: async () => ({ queued: 0, delayed: 0, running: 0, dead: 0 }),
    dead: async () => [],
    retryDead: async () => false,
    discardDead: async () => false,
    trouble: () => null,
  }),
}

/** A storage folder whose last process, without an engine, left that many jobs. */
async function left(jobs: number): Promise<string> {
  const storage = temporaryFolder()
  const { rage } = makeRage({ storage })
  rage.register(Work)
  await rage.boot()
  await Promise.all(Array.from({ length: jobs }, () => Work.enqueue(undefined, { delay: 60 })))
  await rage.stop()
  return storage
}

describe('deferred: jobs in a log, once there is an engine', () => {
  it('are warned of at boot and told of by health, and keep no process from being ready', async () => {
    const storage = await left(2)
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const { rage } = makeRage({ storage, deferred: { engine: idle } })

    await rage.boot()

    const { ok, problems } = rage.health()
    const message = `jobs wait in the logs in "${storage}/deferred", and with an engine nobody runs them: 2`
    assert.deepEqual([ok, problems], [false, [{ code: 'deferred.jobs_left', message }]])
    const warning = (await warned) as Error & { code: string }
    assert.equal(warning.code, 'RAGE_W050')
    assert.match(
      warning.message,
      /^Jobs wait in the logs .* nobody runs them: 2\. Move them with "rage jobs move"/,
    )
    assert.equal(await statusOf(rage.ready()), 200)
  })

  it('are no matter where none are left, or there never was a log', async () => {
    for (const storage of [await left(0), temporaryFolder()]) {
      const { rage } = makeRage({ storage, deferred: { engine: idle } })

      await rage.boot()

      assert.deepEqual(rage.health().problems, [])
    }
  })
})

async function statusOf(probe: Parameters<typeof createServer>[1]): Promise<number | undefined> {
  const server = createServer(probe)
  atEnd(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    get({ port, agent: false }, (response) => resolve(response.resume().statusCode)).on('error', reject)
  })
}
