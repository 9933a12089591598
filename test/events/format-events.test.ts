import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { formatEvents, Subscriber } from '../../src/events'
import { makeRage } from '../runtime/support/runtimes'

class OrderEvent {}
class OrderPlaced extends OrderEvent {}
class OrderShipped extends OrderEvent {}
class GiftPlaced extends OrderPlaced {}

class WriteLog extends Subscriber {
  static override on = [OrderEvent]
  call(): void {}
}
class SendReceipt extends Subscriber {
  static override on = [GiftPlaced, OrderPlaced]
  static override deferred = true
  call(): void {}
}

describe('events: the tree as text', () => {
  it('draws events below their base classes, and below each who runs, in that order', () => {
    const { rage } = makeRage()
    rage.register(WriteLog, SendReceipt)
    rage.events.declare(OrderShipped)

    assert.deepEqual(rage.printEvents().split('\n'), [
      'OrderEvent',
      '├─ WriteLog',
      '├─ OrderPlaced',
      '│  ├─ WriteLog  via OrderEvent',
      '│  ├─ SendReceipt  deferred',
      '│  └─ GiftPlaced',
      '│     ├─ WriteLog  via OrderEvent',
      '│     └─ SendReceipt  deferred',
      '└─ OrderShipped',
      '   └─ WriteLog  via OrderEvent',
    ])
  })

  it('says so when there are none', () => {
    assert.equal(formatEvents([]), 'no events: no subscriber is registered and none was declared')
  })
})
