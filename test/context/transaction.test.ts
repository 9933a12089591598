import assert from 'node:assert/strict'
import { describe, it, onTestFinished } from 'vitest'
import {
  AfterCommitError,
  afterCommit,
  Context,
  CurrentAttributes,
  currentContext,
  currentGate,
  type Effect,
  type EffectGate,
  runInContext,
  Transaction,
} from '../../src/context'
import { Scope } from '../../src/kernel'

const scope = new Scope('test')

/** An effect as a room causes it. */
function cause(name: string, log: string[]): string {
  const perform = () => {
    log.push(name)
    return `did ${name}`
  }
  const gate = currentGate()
  if (gate === null) return perform()
  return gate.pass({ kind: 'job', target: name, payload: null, perform, held: () => `held ${name}` })
}

function begin(): Transaction {
  return new Transaction(scope)
}

describe('context: a transaction', () => {
  it('holds what is caused inside, also after an await, until the commit', async () => {
    const log: string[] = []
    const unit = begin()

    const answers = await unit.run(async () => {
      const first = cause('a', log)
      await new Promise((resolve) => setImmediate(resolve))
      return [first, cause('b', log)]
    })
    assert.deepEqual([answers, log], [['held a', 'held b'], []])

    await unit.commit()
    assert.deepEqual(log, ['a', 'b'])
  })

  it('drops it after a rollback, and what is caused later', async () => {
    const log: string[] = []
    const unit = begin()

    unit.run(() => cause('a', log))
    unit.rollback()
    const late = unit.run(() => cause('b', log))
    await unit.commit()

    assert.deepEqual([late, log], ['held b', []])
  })

  it('warns of what comes after its rollback: nobody else says that it never happens', async () => {
    const warnings: string[] = []
    const listener = ({ message }: Error): void => {
      if (message.includes('receipt')) warnings.push(message)
    }
    process.on('warning', listener)
    onTestFinished(() => void process.off('warning', listener))
    const unit = begin()

    unit.run(() => cause('in time', []))
    unit.rollback()
    for (let count = 0; count < 3; count++) unit.run(() => cause('late receipt', []))
    await new Promise((resolve) => setImmediate(resolve))

    assert.equal(warnings.length, 1)
    assert.match(
      warnings[0]!,
      /^job "late receipt" came in a transaction after its rollback, and was dropped\./,
    )
  })

  it('lets what is caused after its commit happen at once', async () => {
    const log: string[] = []
    const unit = begin()

    await unit.commit()
    unit.rollback()

    assert.equal(
      unit.run(() => cause('a', log)),
      'did a',
    )
  })

  it('lets through what its caller waits for, in the unit of work around it', () => {
    const gate = { pass: (effect: Effect<string>) => `asked for ${effect.target}` } as EffectGate
    const around = new Context({ kind: 'request', scope })
    const fetch = { kind: 'fetch', target: 'POST /', payload: null, cannotWait: true } as const
    const ask = () =>
      begin().run(() => currentGate()!.pass({ ...fetch, perform: () => 'sent', held: () => '' }))

    const alone = ask()
    around.gate = gate
    const inside = runInContext(around, ask)

    assert.deepEqual([alone, inside], ['sent', 'asked for POST /'])
  })

  it('lets through what the database itself writes in it', () => {
    const log: string[] = []
    const unit = begin()

    unit.run(() =>
      currentGate()!.pass({
        kind: 'job',
        target: 'a',
        payload: null,
        joinsTransaction: true,
        perform: () => log.push('a'),
        held: () => 0,
      }),
    )

    assert.deepEqual(log, ['a'])
  })

  it('leaves work beside it alone', async () => {
    const log: string[] = []
    const unit = begin()

    await Promise.all([unit.run(async () => cause('inside', log)), (async () => cause('beside', log))()])

    assert.deepEqual(log, ['beside'])
  })

  it('belongs to the unit of work it began in: request id, tags, Current in both directions', async () => {
    class Current extends CurrentAttributes<{ user: string; tenant: string }> {}
    const context = new Context({ kind: 'request', scope, requestId: 'req-1', tags: ['a'] })

    await runInContext(context, async () => {
      Current.set({ user: 'ada' })
      const unit = begin()
      unit.run(() => {
        assert.equal(currentContext()!.requestId, 'req-1')
        assert.deepEqual(currentContext()!.tags, ['a'])
        assert.equal(Current.get('user'), 'ada')
        Current.set({ tenant: 'acme' })
      })

      assert.equal(Current.get('tenant'), 'acme')
      assert.equal(currentGate(), null)
    })
  })

  it('begins a unit of work of its own where there is none', () => {
    const requestId = begin().run(() => currentContext()!.requestId)

    assert.ok(requestId.length > 0)
    assert.equal(currentContext(), null)
  })

  it('runs what it held where the transaction began, not inside of it', async () => {
    const context = new Context({ kind: 'request', scope, requestId: 'req-1' })
    let seen: Context | null = null

    await runInContext(context, async () => {
      const unit = begin()
      await unit.run(() =>
        afterCommit(() => {
          seen = currentContext()
        }),
      )
      await unit.commit()
    })

    assert.equal(seen, context)
  })
})

describe('context: a transaction in a transaction', () => {
  it('hands what it held to the one around it', async () => {
    const log: string[] = []
    const outer = begin()

    await outer.run(async () => {
      const inner = begin()
      inner.run(() => cause('inner', log))
      await inner.commit()
      cause('outer', log)
    })
    assert.deepEqual(log, [])

    await outer.commit()
    assert.deepEqual(log, ['inner', 'outer'])
  })

  it('drops only its own when it rolls back', async () => {
    const log: string[] = []
    const outer = begin()

    outer.run(() => {
      cause('before', log)
      const inner = begin()
      inner.run(() => cause('inner', log))
      inner.rollback()
      cause('after', log)
    })
    await outer.commit()

    assert.deepEqual(log, ['before', 'after'])
  })

  it('is dropped with the one around it', async () => {
    const log: string[] = []
    const outer = begin()

    await outer.run(async () => {
      const inner = begin()
      inner.run(() => cause('inner', log))
      await inner.commit()
    })
    outer.rollback()

    assert.deepEqual(log, [])
  })

  it('goes through whatever gate is around it', async () => {
    const recorded: string[] = []
    class Recording implements EffectGate {
      pass<Result>(effect: Effect<Result>): Result {
        recorded.push(effect.target)
        return effect.held()
      }
    }
    const context = new Context({ kind: 'request', scope, requestId: 'req-1' })
    context.gate = new Recording()
    const log: string[] = []

    await runInContext(context, async () => {
      const unit = begin()
      unit.run(() => cause('a', log))
      assert.deepEqual(recorded, [])
      await unit.commit()
    })

    assert.deepEqual([recorded, log], [['a'], []])
  })
})

describe('context: effects that fail after the commit', () => {
  it('reject the commit, once all the others have happened', async () => {
    const log: string[] = []
    const unit = begin()
    const [first, second] = [new Error('disk full'), new Error('no network')]

    await unit.run(async () => {
      await afterCommit(() => {
        throw first
      })
      await afterCommit(() => Promise.reject(second))
      cause('a', log)
    })

    await assert.rejects(unit.commit(), (error) => {
      assert.ok(error instanceof AfterCommitError)
      assert.deepEqual(error.facts, { failed: 2, held: 3 })
      assert.deepEqual((error.cause as AggregateError).errors, [first, second])
      return true
    })
    assert.deepEqual(log, ['a'])
  })
})
