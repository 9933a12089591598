import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'vitest'
import { type RunningJob, Task } from '../../src/deferred'
import { type Span, type SpanResult, TelemetryHandler } from '../../src/telemetry'
import { bootDeferred, settled, stopAll, until } from './support/boot-deferred'

const told: unknown[] = []
let job: RunningJob | null = null
let release: () => void = () => undefined

class Import extends Task {
  override perform(_args: unknown, running: RunningJob): Promise<void> {
    job = running
    return new Promise((resolve) => {
      release = resolve
    })
  }
}

class Listener extends TelemetryHandler<'deferred.task.progress'> {
  static {
    this.handle('deferred.task.progress')
  }

  override call(span: Span<'deferred.task.progress'>, next: () => Promise<SpanResult>): unknown {
    told.push(span.attributes.value)
    return next()
  }
}

afterEach(async () => {
  release()
  await stopAll()
  told.length = 0
  job = null
})

async function bootImport(handlers = [Listener]) {
  const made = await bootDeferred({ tasks: [Import], handlers })
  const { id } = await Import.enqueue()
  await until(() => job !== null)
  return { ...made, id }
}

describe('deferred: progress', () => {
  it('is what perform reported last, as long as it runs, and writes nothing', async () => {
    const { deferred, disk, id } = await bootImport()
    assert.equal((await deferred.find(id))!.progress, null)
    const written = disk.written.length

    const { progress } = job!
    for (let percent = 0; percent <= 42; percent++) progress(percent)
    assert.equal((await deferred.find(id))!.progress, 42)
    progress({ rows: [1, 2] })
    assert.deepEqual((await deferred.find(id))!.progress, { rows: [1, 2] })

    assert.equal(disk.written.length, written)
  })

  it('is told four times a second at most, the last value included', async () => {
    const { clock } = await bootImport()

    for (let row = 1; row <= 1_000; row++) job!.progress(row)
    assert.deepEqual(told, [1])
    await clock.advance(250)
    assert.deepEqual(told, [1, 1_000])

    await clock.advance(1_000)
    assert.deepEqual(told, [1, 1_000])
    job!.progress('almost')
    job!.progress('done')
    release()
    await settled()
    assert.deepEqual(told, [1, 1_000, 'almost', 'done'])
    assert.equal(clock.timers, 0)
  })

  it('arms no timer when nobody listens', async () => {
    const { clock } = await bootImport([])

    job!.progress(1)
    job!.progress(2)

    assert.equal(clock.timers, 0)
  })

  it('keeps the value as it was when it was reported', async () => {
    const { deferred, id } = await bootImport()
    const state = { rows: 1 }
    job!.progress(state)
    state.rows = 2

    assert.deepEqual((await deferred.find(id))!.progress, { rows: 1 })
  })

  it('refuses what JSON cannot write, and more than 64 KiB of it, and keeps what it had', async () => {
    const { deferred, id } = await bootImport()
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    const thrower = {
      toJSON() {
        throw 'a text'
      },
    }
    job!.progress(7)

    const refused: readonly (readonly [unknown, RegExp])[] = [
      [5n, /of Import .*BigInt\./],
      [cycle, /: Converting circular structure to JSON\. /],
      [thrower, /: its toJSON has thrown\. /],
      ['x'.repeat(65_535), /: it takes 65537 bytes as JSON, the limit is 65536\. /],
      ['é'.repeat(40_000), /: it takes 80002 bytes as JSON/],
    ]
    for (const [value, message] of refused)
      assert.throws(() => job!.progress(value), { code: 'RAGE_DEFERRED_INVALID_PROGRESS', message })
    assert.equal((await deferred.find(id))!.progress, 7)

    job!.progress('x'.repeat(65_534))
    assert.equal(String((await deferred.find(id))!.progress).length, 65_534)
  })
})
