import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import {
  Context,
  currentContext,
  deriveContext,
  dumpCarrier,
  innermost,
  runInContext,
  scopeLogs,
  wholeOf,
} from '../../src/context'
import { scopeAttributes } from '../../src/context/log-scope'
import { Scope } from '../../src/kernel'

function contextWith() {
  return new Context({
    kind: 'request',
    scope: new Scope(),
    requestId: 'r1',
    tags: ['web'],
    incoming: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
  })
}

describe('context: a part of a unit of work', () => {
  it('has tags and fields of its own', () => {
    const context = contextWith()
    const part = scopeLogs(context, { tags: ['a'], fields: { order: 7 } })

    assert.deepEqual([part.tags, part.fields], [['a'], { order: 7 }])
    assert.deepEqual([context.tags, context.fields], [['web'], null])
  })

  it('is the context in everything else, read and written', () => {
    const context = contextWith()
    const inner = scopeLogs(scopeLogs(context, { tags: [], fields: null }), { tags: ['a'], fields: null })
    const names = [
      ...Object.keys(context),
      ...Object.getOwnPropertyNames(Context.prototype).filter(
        (name) => Object.getOwnPropertyDescriptor(Context.prototype, name)!.get !== undefined,
      ),
    ].filter((name) => name !== 'tags' && name !== 'fields') as (keyof Context)[]

    inner.arm = 'rage'
    inner.holds = 3

    assert.ok(names.length > 8)
    for (const name of names) assert.equal(inner[name], context[name], name)
    assert.equal(context.arm, 'rage')
    assert.equal(inner instanceof Context, true)
    inner.closed = true
    assert.equal(context.closed, true)
  })

  it('hands its tags and fields to what it causes, here and in jobs', () => {
    const part = scopeLogs(contextWith(), { tags: ['web', 'a'], fields: { order: 7 } })

    const child = deriveContext(part, 'subscriber')

    assert.deepEqual([child.requestId, child.tags, child.fields], ['r1', ['web', 'a'], { order: 7 }])
    assert.equal(child.trace.traceId, '4bf92f3577b34da6a3ce929d0e0e4736')
    assert.deepEqual(dumpCarrier(part).tags, ['web', 'a'])
  })

  it('knows its whole, and is found again by those who enter the context anew inside it', () => {
    const context = contextWith()
    const other = contextWith()
    const part = scopeLogs(context, { tags: ['a'], fields: null })

    assert.equal(wholeOf(part), context)
    assert.equal(wholeOf(context), context)
    runInContext(part, () => {
      assert.equal(currentContext(), part)
      assert.equal(innermost(context), part)
      assert.equal(innermost(other), other)
    })
    runInContext(context, () => assert.equal(innermost(part), part))
    assert.equal(innermost(context), context)
  })
})

describe('context: a part with attributes of its own', () => {
  const owner = {}

  it('is the context in everything else, and hands its attributes to inner parts and to what it causes', () => {
    const context = contextWith()
    context.attributes = new Map([[owner, { user: 'ada' }]])
    const part = scopeAttributes(scopeLogs(context, { tags: ['a'], fields: { order: 7 } }))
    part.attributes!.set(owner, { user: 'bob' })
    const inner = scopeLogs(part, { tags: ['b'], fields: null })
    inner.arm = 'rage'

    assert.deepEqual([part.tags, part.fields], [['a'], { order: 7 }])
    assert.deepEqual(inner.attributes!.get(owner), { user: 'bob' })
    assert.deepEqual(deriveContext(inner, 'subscriber').attributes!.get(owner), { user: 'bob' })
    assert.deepEqual(context.attributes.get(owner), { user: 'ada' })
    assert.deepEqual([context.arm, part.requestId, wholeOf(inner)], ['rage', 'r1', context])
  })

  it('may stand in another one: the innermost is seen', () => {
    const outer = scopeAttributes(contextWith())
    const inner = scopeAttributes(scopeLogs(outer, { tags: [], fields: null }))
    inner.attributes!.set(owner, { user: 'bob' })

    assert.equal(outer.attributes!.size, 0)
    assert.deepEqual(scopeLogs(inner, { tags: [], fields: null }).attributes!.get(owner), { user: 'bob' })
  })
})
