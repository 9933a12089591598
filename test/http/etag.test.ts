import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { strongBodyEtag, weakBodyEtag } from '../../src/http'

describe('http etag', () => {
  it('is that of the package Express uses, for text and bytes, also a second time', () => {
    // Literal values of etag@1.8.1.
    const tags: readonly (readonly [string, string])[] = [
      ['', '"0-2jmj7l5rSw0yVb/vlWAYkK/YBwk"'],
      ['hello', '"5-qvTGHdzF6KLavt4PO0gs2a6pQ00"'],
      ['hello', '"5-qvTGHdzF6KLavt4PO0gs2a6pQ00"'],
      ['hellO', strongBodyEtag(Buffer.from('hellO'))],
      ['é', strongBodyEtag(Buffer.from('é'))],
    ]

    for (const [body, tag] of tags) {
      assert.equal(strongBodyEtag(body), tag)
      assert.equal(strongBodyEtag(Buffer.from(body)), tag)
      assert.equal(weakBodyEtag(body), `W/${tag}`)
    }
  })

  it('differs for texts of one length', () => {
    assert.notEqual(strongBodyEtag('a'), strongBodyEtag('b'))
  })
})
