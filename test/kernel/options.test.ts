import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { defineOptions, flag, oneOf, resolveOptions, text, wholeNumber } from '../../src/kernel'

interface Inner {
  depth?: number
}
interface Outer {
  name?: string
  mode?: 'a' | 'b'
  loud?: boolean
  inner?: Inner
}
const inner = defineOptions<Inner>({ depth: wholeNumber({ default: 3, min: 1, max: 9 }) })
const outer = defineOptions<Outer>({
  name: text('x'),
  mode: oneOf(['a', 'b'], 'a'),
  loud: flag(false),
  inner,
})

describe('kernel: options', () => {
  it('are complete and frozen, groups merged key by key', () => {
    const resolved = resolveOptions(outer, { name: 'y', inner: {} }, 'createRage')

    assert.deepEqual(resolved, { name: 'y', mode: 'a', loud: false, inner: { depth: 3 } })
    assert.ok(Object.isFrozen(resolved))
  })

  it('are refused without the password of an address', () => {
    const given = { url: 'postgres://ada:s3cret@db.example/shop' }

    assert.throws(() => resolveOptions(outer, { mode: given } as never, 'createRage'), {
      message: /got \{ url: 'postgres:\/\/ada:\[Redacted\]@db\.example\/shop' \}/,
    })
  })

  it('refuse an unknown key and name the nearest known one', () => {
    assert.throws(
      () => resolveOptions(outer, { inner: { dept: 1 } } as never, 'createRage'),
      (error: { code?: string; message?: string }) =>
        error.code === 'RAGE_KERNEL_UNKNOWN_OPTION' &&
        error.message!.includes('There is no option "createRage.inner.dept". Did you mean "depth"?'),
    )
  })

  it.each([
    [{ inner: { depth: 10 } }, 'createRage.inner.depth', 'a whole number from 1 to 9, got 10'],
    [{ inner: { depth: '3' } }, 'createRage.inner.depth', "got '3'"],
    [{ mode: 'c' }, 'createRage.mode', 'one of "a", "b"'],
    [{ name: '' }, 'createRage.name', 'not empty'],
    [{ inner: 5 }, 'createRage.inner', 'an object, got 5'],
    [null, 'createRage', 'an object, got null'],
  ])('refuse %j, naming the path and what was expected', (given, path, expected) => {
    assert.throws(
      () => resolveOptions(outer, given as never, 'createRage'),
      (error: { code?: string; message: string }) =>
        error.code === 'RAGE_KERNEL_INVALID_OPTION' &&
        error.message.includes(path) &&
        error.message.includes(expected),
    )
  })
})
