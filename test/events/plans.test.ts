import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Subscriber } from '../../src/events'
import { bootRoom } from './support'

describe('events: classes that are made at each publish', () => {
  it('are forgotten from the ten thousandth on, with a warning, but for those whose publish runs', async () => {
    class Base {}
    let calls = 0
    let finish = (): void => undefined
    class Counting extends Subscriber {
      static override on = [Base]
      call(event: Base & { slow?: boolean }): Promise<void> | undefined {
        calls += 1
        return event.slow === true
          ? new Promise((resolve) => {
              finish = resolve
            })
          : undefined
      }
    }
    const { events } = await bootRoom([Counting])
    const warned = new Promise<Error & { code?: string }>((resolve) => process.once('warning', resolve))
    const slow = events.publish(
      new (class Slow extends Base {
        slow = true
      })(),
    )

    for (let index = 0; index < 10_050; index++) await events.publish(new (class Made extends Base {})())

    assert.equal(calls, 10_051)
    assert.equal((await warned).code, 'RAGE_W021')
    assert.ok((events.tree()[0]?.children.length ?? 0) < 100)
    const drain = events.service.drain(new AbortController().signal)
    finish()
    assert.deepEqual(await drain, { finished: 1, abandoned: [] })
    await slow
  })
})
