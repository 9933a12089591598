import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Subscriber, type TraitBase, trait } from '../../src/events'
import { bootRoom, makeRoom } from './support'

class Base {}
class OrderPlaced extends Base {}
class GiftPlaced extends OrderPlaced {}

class OnBase extends Subscriber {
  static override on = [Base]
  call(): void {}
}
class OnOrder extends Subscriber {
  static override on = [OrderPlaced]
  static override deferred = true
  call(): void {}
}

describe('events: the tree', () => {
  it('nests known classes under their nearest known base class, with who receives them and why', () => {
    const Audited = trait(function Audited<B extends TraitBase>(Class: B) {
      return class extends Class {}
    })
    class GiftWrapped extends Audited(GiftPlaced) {}
    class OnAudited extends Subscriber {
      static override on = [Audited]
      call(): void {}
    }
    const { events } = makeRoom([OnBase, OnOrder, OnAudited])
    events.declare(GiftWrapped)

    const onBase = { name: 'OnBase', deferred: false, via: 'Base' }
    const onOrder = { name: 'OnOrder', deferred: true, via: 'OrderPlaced' }
    const onAudited = { name: 'OnAudited', deferred: false, via: 'Audited' }
    assert.deepEqual(events.tree(), [
      { name: 'Audited', isTrait: true, traits: [], subscribers: [onAudited], children: [] },
      {
        name: 'Base',
        isTrait: false,
        traits: [],
        subscribers: [onBase],
        children: [
          {
            name: 'OrderPlaced',
            isTrait: false,
            traits: [],
            subscribers: [onBase, onOrder],
            children: [
              {
                name: 'GiftWrapped',
                isTrait: false,
                traits: ['Audited'],
                subscribers: [onBase, onOrder, onAudited],
                children: [],
              },
            ],
          },
        ],
      },
    ])
  })

  it('knows events that were published, also when nobody subscribes', async () => {
    const { events } = await bootRoom([OnBase])

    await events.publish(new GiftPlaced())
    await events.publish(new (class Unheard {})())

    assert.deepEqual(
      events.tree().map(({ name, children }) => [name, children.map((child) => child.name)]),
      [
        ['Base', ['GiftPlaced']],
        ['Unheard', []],
      ],
    )
  })
})
