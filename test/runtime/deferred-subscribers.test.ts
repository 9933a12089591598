import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, onTestFinished } from 'vitest'
import { createRage, RageError, Subscriber } from '../../src'

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

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; !isSo(); turn++) {
    assert.ok(turn < 500, 'it did not happen')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('runtime: the job of a subscriber whose class is gone', () => {
  it('is kept unharmed, told of once, and runs where the class is back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rage-subscribers-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
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
    assert.deepEqual(without.codes, ['RAGE_EVENTS_UNKNOWN_SUBSCRIBER'])
    await without.rage.stop()

    const after = await boot(folder, [SendReceipt, PrintLabel])
    await until(() => received.length === 4)
    assert.deepEqual([...received].sort(), ['7', '8', 'label 7', 'label 8'])
    assert.deepEqual(after.codes, [])
    await after.rage.stop()
  })
})
