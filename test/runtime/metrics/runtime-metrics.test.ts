import assert from 'node:assert'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, it } from 'vitest'
import { root } from '../../support/repository'
import { makeRage, temporaryFolder } from '../support/runtimes'

describe('runtime metrics', () => {
  it('are not there unless they are on; those of the application are', async () => {
    const { rage } = makeRage()
    rage.metrics.counter('own_total', { help: 'Own' }).inc()
    await rage.boot()

    assert.deepEqual(
      rage.metrics.collect().map(({ name }) => name),
      ['own_total'],
    )
  })

  it('leave out what is turned off', async () => {
    const { rage } = makeRage({ metrics: { process: false, requests: false } })
    await rage.boot()

    const names = rage.metrics.collect().map(({ name }) => name)

    assert.deepEqual(
      names.filter((name) => /^rage_(http|event_loop|gc|heap|process|accept)_/.test(name)),
      [],
    )
    assert.ok(names.includes('rage_deferred_enqueued_total'))
  })

  it('can be read before, during and after everything', async () => {
    const { rage } = makeRage({ metrics: true })

    const before = rage.metrics.collect()
    const booting = rage.boot()
    const during = rage.metrics.collect()
    await booting
    await rage.stop()
    const after = rage.metrics.collect()

    assert.equal(before.length, 0)
    assert.ok(during.length > 20)
    assert.equal(after.length, during.length)
  })

  it('have the accept queue of each port the process serves', async () => {
    const { rage } = makeRage({ metrics: true })
    const first = await rage.listen(0, '127.0.0.1')
    const second = await rage.listen(0, '127.0.0.1')
    const ports = () =>
      rage.metrics
        .collect()
        .find(({ name }) => name === 'rage_accept_queue_connections')!
        .samples.map(({ labels }) => Number(labels.port))

    assert.deepEqual(ports(), [first.port, second.port])
    await first.close()
    assert.deepEqual(ports(), [second.port])
  })

  it('do not keep a process alive, before a stop and after it', async () => {
    const program = `
      const { createRage } = require(${JSON.stringify(join(root, 'dist/src/index.js'))})
      const rage = createRage({ metrics: true, signals: false, storage: ${JSON.stringify(temporaryFolder())} })
      rage.boot().then(() => {
        rage.metrics.collect()
        if (process.argv[1] === 'stop') return rage.stop()
      })`

    for (const how of ['stop', 'leave'])
      await promisify(execFile)(process.execPath, ['-e', program, how], { timeout: 8_000 })
  })
})
