import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { CurrentAttributes, Subscriber } from '../../src'
import { warningsDuring } from '../logger/support/warnings'
import { eventually, makeRage } from './support/runtimes'

class OrderPlaced {}

const user = (by: string) => ({
  user: { dump: ({ id }: { id: number }) => id, load: (id: number) => ({ id, by }) },
})

/** Classes of one name, as an application and a library may have them. */
function namesakes() {
  const application = class Current extends CurrentAttributes<{ user: { id: number; by?: string } }> {
    static serializers = user('application')
  }
  const library = class Current extends CurrentAttributes<{ user: number }> {}
  return { application, library }
}

describe('runtime: registration of Current classes', () => {
  it('refuses two of one name, which would be loaded with values of each other', () => {
    const { application, library } = namesakes()
    const { rage } = makeRage()
    rage.register(application, application)

    assert.throws(() => rage.register(library), {
      code: 'RAGE_KERNEL_DUPLICATE_NAME',
      message: /Two CurrentAttributes are named "Current"/,
    })
  })

  it('keeps values of a namesake that is not registered out of jobs', async () => {
    const { application, library } = namesakes()
    const seen: unknown[] = []
    class Ship extends Subscriber<OrderPlaced> {
      static override on = [OrderPlaced]
      static override deferred = true
      call(): void {
        seen.push(application.get('user'))
      }
    }
    const { rage } = makeRage()
    rage.register(application, Ship)
    await rage.boot()

    const warnings = await warningsDuring(async () => {
      await rage.run(async () => {
        application.set({ user: { id: 1 } })
        library.set({ user: 2 })
        await rage.events.publish(new OrderPlaced())
      })
      await eventually(() => seen.length > 0)
    })

    assert.deepEqual(seen, [{ id: 1, by: 'application' }])
    assert.deepEqual(warnings, ['RAGE_W006'])
  })
})
