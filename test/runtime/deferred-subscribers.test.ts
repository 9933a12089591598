import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, onTestFinished } from 'vitest'
import { createRage, type JobView, RageError, Subscriber } from '../../src'

class OrderPlaced {
  readonly orderId: string

  constructor(orderId: string) {
    this.orderId = orderId
  }
}

const received: string[] = []

class SendReceipt extends Subscriber<OrderPlaced> {
  static override on = [OrderPlaced]
  static override deferred = true

  override call({ orderId }: OrderPlaced): void {
    received.push(orderId)
  }
}

class PrintLabel extends SendReceipt {
  override call({ orderId }: OrderPlaced): void {
    received.push(`label ${orderId}`)
  }
}

async function boot(folder: string, subscribers: readonly (typeof SendReceipt)[]) {
  const codes: string[] = []
  const rage = createRage({ root: folder, signals: false, logger: { level: 'silent' } })
  rage.errors.register((error) => void codes.push(error instanceof RageError ? error.code : String(error)))
  for (const subscriber of subscribers) rage.register(subscriber)
  await rage.boot()
  return { rage, codes }
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rage-subscribers-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; !isSo(); turn++) {
    assert.ok(turn < 500, 'it did not happen')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('runtime: the jobs of a deferred subscriber', () => {
  it('are those of a task of its own: with its name, its queue, its retries', async () => {
    const folder = temporaryFolder()
    class Flaky extends SendReceipt {
      static override queue = 'receipts'
      static override retries = 1
      static waits = 0
      static override retryIn(): number {
        return this.waits
      }
      override call(): void {
        throw new Error('no paper')
      }
    }
    const { rage } = await boot(folder, [SendReceipt, Flaky])
    received.length = 0

    await rage.events.publish(new OrderPlaced('7'))
    await until(() => rage.deferred.dead().length === 1 && received.length === 1)

    const [{ task, queue, attempt }] = (await rage.deferred.list({ state: 'dead' })) as [JobView]
    assert.deepEqual({ task, queue, attempt }, { task: 'subscriber:Flaky', queue: 'receipts', attempt: 2 })
    await rage.stop()
  })

  it('refuse what makes no sense where the subscriber is registered', async () => {
    class Wrong extends SendReceipt {
      static override retries = -1
    }

    await assert.rejects(boot(temporaryFolder(), [Wrong]), { code: 'RAGE_KERNEL_INVALID_OPTION' })
  })

  it('run where it is not deferred any more', async () => {
    const folder = temporaryFolder()
    const before = await boot(folder, [SendReceipt])
    await before.rage.deferred.pause('default')
    await before.rage.events.publish(new OrderPlaced('9'))
    await before.rage.stop()
    received.length = 0
    const here = { SendReceipt: class SendReceipt extends PrintLabel {} }.SendReceipt
    here.deferred = false

    const { rage } = await boot(folder, [here])
    await rage.deferred.resume('default')
    await until(() => received.length === 1)

    assert.deepEqual(received, ['label 9'])
    await rage.stop()
  })
})

describe('runtime: the job of a subscriber whose class is gone', () => {
  it('is kept unharmed, told of once, and runs where the class is back', async () => {
    const folder = temporaryFolder()
    received.length = 0
    const before = await boot(folder, [SendReceipt, PrintLabel])
    await before.rage.deferred.pause('default')
    await before.rage.events.publish(new OrderPlaced('7'))
    await before.rage.events.publish(new OrderPlaced('8'))
    await before.rage.stop()

    const without = await boot(folder, [PrintLabel])
    await without.rage.deferred.resume('default')
    await until(() => without.rage.deferred.stats().parked === 2)
    await until(() => received.length === 2)
    const { queued, delayed, running, dead } = without.rage.deferred.stats()
    assert.deepEqual({ queued, delayed, running, dead }, { queued: 0, delayed: 0, running: 0, dead: 0 })
    assert.deepEqual(without.codes, ['RAGE_DEFERRED_UNKNOWN_TASK'])
    await without.rage.stop()

    const after = await boot(folder, [SendReceipt, PrintLabel])
    await until(() => received.length === 4)
    assert.deepEqual([...received].sort(), ['7', '8', 'label 7', 'label 8'])
    assert.deepEqual(after.codes, [])
    await after.rage.stop()
  })
})
