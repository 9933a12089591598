import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import {
  ClosedContextError,
  Context,
  currentBaggage,
  dumpCarrier,
  InvalidBaggageError,
  NoContextError,
  runInContext,
} from '../../src/context'
import { Scope } from '../../src/kernel'

const scope = new Scope()
const request = (baggage: string): Context =>
  new Context({ kind: 'request', scope, requestId: 'r1', request: { headers: { baggage } } })

describe('context: baggage of the running unit', () => {
  it('is what came in, with what was set since', () => {
    const context = request('tenant=acme,plan=free')

    runInContext(context, () => {
      currentBaggage.set('plan', 'paid')
      currentBaggage.set('region', 'é u')
      currentBaggage.set('tenant', null)

      assert.equal(currentBaggage.get('plan'), 'paid')
      assert.deepEqual(currentBaggage.all(), { plan: 'paid', region: 'é u' })
    })
    assert.equal(dumpCarrier(context).baggage, 'plan=paid,region=%C3%A9%20u')
  })

  it('is nothing outside of any unit, and cannot be set there', () => {
    assert.deepEqual(currentBaggage.all(), {})
    assert.throws(
      () => currentBaggage.set('a', '1'),
      (error) => error instanceof NoContextError,
    )
  })

  it('is nothing once the unit has ended', () => {
    const context = request('tenant=acme')
    context.closed = true

    runInContext(context, () => {
      assert.equal(currentBaggage.get('tenant'), undefined)
      assert.throws(
        () => currentBaggage.set('a', '1'),
        (error) => error instanceof ClosedContextError,
      )
    })
  })

  it('takes names that a header can carry, 64 of them', () => {
    runInContext(request(Array.from({ length: 64 }, (_, n) => `k${n}=1`).join(',')), () => {
      for (const name of ['a b', '', 'ü', 'k64'])
        assert.throws(
          () => currentBaggage.set(name, '1'),
          (error) => error instanceof InvalidBaggageError,
        )
      currentBaggage.set('k63', '2')
    })
  })
})
