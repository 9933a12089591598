import assert from 'node:assert/strict'
import { createHmac, hkdfSync } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { InvalidSecretsError, Secrets } from '../../src/http'
import { oldSecret, secret } from './support/cookie-server'

const purposes = ['signed', 'encrypted'] as const
const keys = new Secrets([secret])
const rotated = new Secrets([secret, oldSecret])

describe.each(purposes)('http: a %s text', (purpose) => {
  it('opens as what was sealed, whatever that is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (payload, name) => {
        assert.deepEqual(keys[purpose].open(name, keys[purpose].close(name, payload)), {
          payload,
          isOld: false,
        })
      }),
    )
  })

  it('opens under its own name only', () => {
    const sealed = keys[purpose].close('user', '[1]')

    assert.equal(keys[purpose].open('admin', sealed), null)
    assert.equal(keys[purpose].open('', sealed), null)
  })

  it('opens for its own purpose only', () => {
    const [other] = purposes.filter((one) => one !== purpose)

    assert.equal(keys[other!].open('user', keys[purpose].close('user', '[1]')), null)
  })

  it('opens under no other secret', () => {
    assert.equal(new Secrets([oldSecret])[purpose].open('user', keys[purpose].close('user', '[1]')), null)
  })

  it('that an older secret sealed opens and is said to be old; the newest one seals', () => {
    const old = new Secrets([oldSecret])[purpose].close('user', '[1]')

    assert.deepEqual(rotated[purpose].open('user', old), { payload: '[1]', isOld: true })
    assert.deepEqual(keys[purpose].open('user', rotated[purpose].close('user', '[1]')), {
      payload: '[1]',
      isOld: false,
    })
  })

  it('does not open with any one bit of it changed', () => {
    const sealed = Buffer.from(keys[purpose].close('user', '[{"id":1}]'))

    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      assert.equal(rotated[purpose].open('user', changed.toString('utf8')), null, `bit ${bit}`)
      assert.equal(rotated[purpose].open('user', changed.toString('latin1')), null, `bit ${bit}`)
    }
  })

  it('does not open cut short, lengthened, or spelt in another way', () => {
    const sealed = keys[purpose].close('user', '[1]')

    for (let length = 0; length < sealed.length; length += 1)
      assert.equal(keys[purpose].open('user', sealed.slice(0, length)), null, `${length} characters`)
    for (const other of [
      `${sealed}=`,
      `${sealed}A`,
      ` ${sealed}`,
      `${sealed}\u0000`,
      sealed.replace('1.', '1.='),
      sealed.replace('1.', '2.'),
    ])
      assert.equal(keys[purpose].open('user', other), null, other)
  })

  it('does not open with a character that is one of its own but for the upper byte', () => {
    const sealed = keys[purpose].close('user', '[1]')
    const last = sealed.length - 1

    assert.equal(
      keys[purpose].open(
        'user',
        sealed.slice(0, last) + String.fromCharCode(0x100 + sealed.charCodeAt(last)),
      ),
      null,
    )
  })

  it('is null for anything else, and never throws', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('', '1.', '1.AAAA.', '1..'),
        (text, start) => {
          assert.equal(keys[purpose].open('user', start + text), null)
        },
      ),
    )
  })
})

describe('http: the format of sealed texts', () => {
  it('signed is what the header of secrets.ts says', () => {
    const key = Buffer.from(hkdfSync('sha256', secret, '', 'rage-js signed 1', 32))
    const text = `1.${Buffer.from('[{"id":1}]').toString('base64url')}`
    const mac = createHmac('sha256', key).update(`user=${text}`).digest('base64url')

    assert.equal(keys.signed.close('user', '[{"id":1}]'), `${text}.${mac}`)
  })

  it('stays readable: texts of the first release open', () => {
    assert.equal(
      keys.signed.open('user', '1.W3siaWQiOjF9XQ.HIMgvL1anRyv2HOjxjYQgSj5G-74WhgolBpzuBzUj8M')?.payload,
      '[{"id":1}]',
    )
    assert.equal(
      keys.encrypted.open('user', '1.I5wEi915YoOZQEa5clW0abJMyBOI05iDXTEQOHlrF3RvaDogwaO1SBcOCx1UFzchzUE')
        ?.payload,
      '[{"id":1}]',
    )
  })

  it('encrypted never comes out the same twice, and shows nothing of the payload but its length', () => {
    const texts = new Set(Array.from({ length: 100 }, () => keys.encrypted.close('user', 'aaaa')))

    assert.equal(texts.size, 100)
    assert.deepEqual([...new Set([...texts].map((text) => text.length))], [2 + Math.ceil(((40 + 4) * 4) / 3)])
  })
})

describe('http: the option secrets', () => {
  it.each([
    ['hello there', 'secrets is of type string'],
    [[], 'secrets is empty'],
    [[undefined], 'secrets[0] is of type undefined'],
    [[secret, 'hello there'], 'secrets[1] has 11 characters'],
  ])('refuses %j without showing it', (given, problem) => {
    assert.throws(
      () => new Secrets(given as unknown as string[]),
      (error) =>
        error instanceof InvalidSecretsError &&
        error.message.startsWith(
          `RAGE_HTTP_INVALID_SECRETS: The option secrets cannot be used: ${problem}.`,
        ) &&
        !inspect(error, { depth: 9 }).replace(/at .*/g, '').includes('hello'),
    )
  })

  it('are not shown by what holds them', () => {
    const shown = inspect(keys, { depth: 9, showHidden: true }) + JSON.stringify(keys)

    assert.ok(!shown.includes('newest secret'))
  })
})
