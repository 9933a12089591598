import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Subscriber } from '../../src'
import {
  Context,
  CurrentAttributes,
  currentContext,
  dumpCarrier,
  loadCarrier,
  NoContextError,
  registerCurrent,
  runInContext,
} from '../../src/context'
import { Scope } from '../../src/kernel'
import { warningsDuring } from '../logger/support/warnings'
import { eventually, makeRage } from '../runtime/support/runtimes'

interface User {
  readonly id: number
  readonly name: string
}
const users = new Map<number, User>([[7, { id: 7, name: 'Ada' }]])

class Current extends CurrentAttributes<{ user: User; tenant: string; socket: object }> {
  static serializers = {
    user: { dump: (user: User) => user.id, load: async (id: number) => users.get(id) },
  }
}

const scope = new Scope()
registerCurrent(Current, scope)
const request = (requestId = 'req-1'): Context => new Context({ kind: 'request', scope, requestId })

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('context: Current attributes', () => {
  it('are seen by everything the unit of work awaits, and by nobody else', async () => {
    const seen = await Promise.all(
      ['a', 'b'].map((tenant) =>
        runInContext(request(tenant), async () => {
          Current.set({ tenant })
          await new Promise((resolve) => setImmediate(resolve))
          return Current.get('tenant')
        }),
      ),
    )

    assert.deepEqual(seen, ['a', 'b'])
    assert.equal(Current.get('tenant'), undefined)
  })

  it('of a name that every object knows are only there once they are set', () => {
    class Odd extends CurrentAttributes<{ constructor: string; other: number }> {}

    const seen = runInContext(request(), () => {
      Odd.set({ other: 1 } as never)
      const before = Odd.get('constructor')
      Odd.set({ constructor: 'set' })
      return [before, Odd.get('constructor')]
    })

    assert.deepEqual(seen, [undefined, 'set'])
  })

  it('can be set for the time of a function, also an async one', async () => {
    await runInContext(request(), async () => {
      Current.set({ tenant: 'outer' })

      const inside = await Current.set({ tenant: 'inner' }, async () => Current.get('tenant'))

      assert.equal(inside, 'inner')
      assert.equal(Current.get('tenant'), 'outer')
    })
  })

  it('set for the time of a function are not seen by work that runs at the same time', async () => {
    const seen = await runInContext(request(), async () => {
      Current.set({ tenant: 'outer' })
      const serve = (tenant: string) =>
        Current.set({ tenant }, async () => {
          await nextTurn()
          const inside = Current.get('tenant')
          Current.set({ tenant: `${tenant}!` })
          await nextTurn()
          return [inside, Current.get('tenant')]
        })
      return [...(await Promise.all(['a', 'b', 'c'].map(serve))), Current.get('tenant')]
    })

    assert.deepEqual(seen, [['a', 'a!'], ['b', 'b!'], ['c', 'c!'], 'outer'])
  })

  it('set for the time of a function end with their unit of work, and are not held by it', async () => {
    const unit = request()
    const late = runInContext(unit, () =>
      Current.set({ tenant: 'a' }, async () => {
        await nextTurn()
        return Current.get('tenant')
      }),
    )

    unit.closed = true

    assert.equal(await late, undefined)
    // The warning about it has been given.
    await nextTurn()
  })

  it('cannot be set outside of any unit of work', () => {
    assert.throws(
      () => Current.set({ tenant: 'x' }),
      (error) => error instanceof NoContextError,
    )
  })

  it('travel by their serialisers and are loaded again, not frozen', async () => {
    const carrier = runInContext(request('req-9'), () => {
      Current.set({ user: users.get(7)!, tenant: 'acme' })
      return dumpCarrier(runningContext())
    })
    assert.deepEqual(JSON.parse(JSON.stringify(carrier)), {
      id: 'req-9',
      attributes: { Current: { user: 7, tenant: 'acme' } },
    })

    users.set(7, { id: 7, name: 'Ada Lovelace' })
    const context = await loadCarrier(carrier, { kind: 'job', scope, currentClasses: [Current] })

    runInContext(context, () => {
      assert.equal(Current.get('user')?.name, 'Ada Lovelace')
      assert.equal(Current.get('tenant'), 'acme')
    })
  })

  it('that cannot travel are left out with one warning', async () => {
    const warnings: string[] = []
    const listen = (warning: Error & { code?: string }): void => void warnings.push(warning.code ?? '')
    process.on('warning', listen)

    const carrier = runInContext(request(), () => {
      Current.set({ tenant: 'acme', socket: new Map() })
      dumpCarrier(runningContext())
      return dumpCarrier(runningContext())
    })
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', listen)

    assert.deepEqual(carrier.attributes, { Current: { tenant: 'acme' } })
    assert.deepEqual(warnings, ['RAGE_W001'])
  })
})

describe('context: Current attributes on their way into jobs', () => {
  it('that are known to be absent stay known, whatever their serialiser', async () => {
    const carrier = runInContext(request(), () => {
      Current.set({ user: null as never, tenant: null as never, socket: undefined as never })
      return dumpCarrier(runningContext())
    })
    const sent = JSON.parse(JSON.stringify(carrier))
    const context = await loadCarrier(sent, { kind: 'job', scope, currentClasses: [Current] })

    assert.deepEqual(sent.attributes, { Current: { user: null, tenant: null } })
    runInContext(context, () => {
      assert.deepEqual([Current.get('user'), Current.get('tenant')], [null, null])
    })
  })

  it('of a class that is not registered stay behind, with one warning, also under the name of one that is', async () => {
    const library = { Current: class Current extends CurrentAttributes<{ user: number }> {} }.Current
    let carriers: readonly unknown[] = []

    const warnings = await warningsDuring(() => {
      carriers = runInContext(request(), () => {
        Current.set({ user: users.get(7)! })
        library.set({ user: 8 })
        return [dumpCarrier(runningContext()).attributes, dumpCarrier(runningContext()).attributes]
      })
    })

    assert.deepEqual(carriers, [{ Current: { user: 7 } }, { Current: { user: 7 } }])
    assert.deepEqual(warnings, ['RAGE_W006'])
  })

  it('of a class that another runtime has stay behind', () => {
    class Elsewhere extends CurrentAttributes<{ user: number }> {}
    registerCurrent(Elsewhere, new Scope())

    const carrier = runInContext(request(), () => {
      Elsewhere.set({ user: 8 })
      return dumpCarrier(runningContext())
    })

    assert.equal(carrier.attributes, undefined)
  })
})

describe('context: Current attributes in deferred subscribers', () => {
  class OrderPlaced {
    readonly order: string
    constructor(order: string) {
      this.order = order
    }
  }

  it('whose dump answers a promise stay behind, also when that fails', async () => {
    class Slow extends CurrentAttributes<{ user: string }> {
      static serializers = {
        user: { dump: async () => assert.fail('of an asynchronous dump'), load: () => 'never' },
      }
    }
    registerCurrent(Slow, scope)

    const carrier = runInContext(request(), () => {
      Slow.set({ user: 'ada' })
      return dumpCarrier(runningContext())
    })
    // An error that nobody hears would fail this file.
    await nextTurn()

    assert.equal(carrier.attributes, undefined)
  })

  it('are loaded again, as the same kind of value; one whose dump fails stays behind, and nothing fails', async () => {
    class Person {
      readonly id: number
      readonly name: string
      constructor(id: number, name: string) {
        this.id = id
        this.name = name
      }
    }
    let name = 'Ada'
    class Now extends CurrentAttributes<{ person: Person; since: Date; broken: string }> {
      static serializers = {
        person: { dump: (person: Person) => person.id, load: async (id: number) => new Person(id, name) },
        since: { dump: (since: Date) => since.toISOString(), load: (text: string) => new Date(text) },
        broken: {
          dump: () => {
            throw new Error('cannot be dumped')
          },
          load: () => 'never',
        },
      }
    }
    const seen: unknown[] = []
    class Ship extends Subscriber<OrderPlaced> {
      static override on = [OrderPlaced]
      static override deferred = true
      call({ order }: OrderPlaced): void {
        seen.push(order, Now.get('person'), Now.get('since'), Now.get('broken'))
      }
    }
    const { rage } = makeRage()
    rage.register(Ship, Now)
    await rage.boot()

    await rage.run(async () => {
      Now.set({ person: new Person(7, 'Ada'), since: new Date(0), broken: 'x' })
      name = 'Ada Lovelace'
      await rage.events.publish(new OrderPlaced('o1'))
    })
    await eventually(() => seen.length > 0)

    assert.deepEqual(seen, ['o1', new Person(7, 'Ada Lovelace'), new Date(0), undefined])
    assert.ok(seen[1] instanceof Person)
  })
})

function runningContext(): Context {
  return currentContext()!
}
