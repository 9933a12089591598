import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import {
  Context,
  CurrentAttributes,
  currentContext,
  deriveContext,
  runInContext,
  runOutside,
} from '../../src/context'
import { Scope } from '../../src/kernel'

class Current extends CurrentAttributes<{ user: string }> {}
const scope = new Scope()

describe('context: a unit of work', () => {
  it('reads what a request says of itself when it is asked, and once', () => {
    let reads = 0
    const context = new Context({
      kind: 'request',
      scope,
      request: {
        get headers() {
          reads += 1
          return { 'x-request-id': 'a b' }
        },
      },
    })
    assert.equal(reads, 0)

    assert.equal(context.requestId, 'ab')
    assert.equal(context.requestId, 'ab')
    assert.equal(reads, 1)
  })

  it('makes a request id where none came, and keeps it', () => {
    const context = new Context({ kind: 'task', scope })

    assert.match(context.requestId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(context.requestId, context.requestId)
  })

  it('shares its ids with what it caused, whoever is asked first', () => {
    const parent = new Context({ kind: 'request', scope })
    const child = deriveContext(parent, 'cable')

    assert.equal(child.requestId, parent.requestId)
    assert.equal(child.trace, parent.trace)
  })

  it('ends when its response is closed and nothing holds it', () => {
    const response = { closed: false }
    const context = new Context({ kind: 'request', scope, response })
    context.holds = 1
    assert.equal(context.closed, false)

    response.closed = true
    assert.equal(context.closed, false)

    context.holds = 0
    assert.equal(context.closed, true)
  })

  it('lets go of its values when it is closed', () => {
    const context = new Context({ kind: 'job', scope })
    runInContext(context, () => Current.set({ user: 'ada' }))

    context.closed = true

    assert.equal(context.attributes, null)
  })

  it('hands its values down, but not once it has ended', () => {
    const response = { closed: false }
    const context = new Context({ kind: 'request', scope, response })
    runInContext(context, () => Current.set({ user: 'ada' }))
    const child = deriveContext(context, 'cable')

    response.closed = true
    const late = deriveContext(context, 'cable')

    assert.equal(
      runInContext(child, () => Current.get('user')),
      'ada',
    )
    assert.equal(
      runInContext(late, () => Current.get('user')),
      undefined,
    )
  })

  it('knows its request, and so do the parts of it', () => {
    const request = { headers: {} }
    const context = new Context({ kind: 'request', scope, request })

    assert.equal(context.isOf(request), true)
    assert.equal(deriveContext(context, 'request').isOf(request), true)
    assert.equal(context.isOf({ headers: {} }), false)
  })

  it('is left by what runs outside, also later', async () => {
    await runInContext(new Context({ kind: 'task', scope }), async () => {
      const seen = await runOutside(async () => {
        await new Promise((resolve) => setImmediate(resolve))
        return currentContext()
      })
      assert.equal(seen, null)
      assert.notEqual(currentContext(), null)
    })
  })
})
