import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { requestIdFrom } from '../../src/context'

describe('context: a request id', () => {
  it.each([
    ['abc-123_@', 'abc-123_@'],
    ['bad id\t$%<>', 'badid'],
    ['a.b:c@d', 'abc@d'],
    ['x'.repeat(300), 'x'.repeat(255)],
  ])('keeps of %j what Rails keeps', (given, kept) => {
    assert.equal(requestIdFrom(given), kept)
  })

  it.each([[undefined], [''], ['...'], [['a', 'b']]])('is made when %j leaves nothing', (given) => {
    assert.match(requestIdFrom(given), /^[0-9a-f]{8}-[0-9a-f-]{27}$/)
  })
})
