import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { isFresh } from '../../src/http/freshness'

const monday = 'Mon, 02 Nov 2026 10:00:00 GMT'
const tuesday = 'Tue, 03 Nov 2026 10:00:00 GMT'

describe('http: freshness', () => {
  it.each([
    ['no validator', {}, 'W/"a"', undefined, false],
    ['the same tag', { 'if-none-match': '"a"' }, 'W/"a"', undefined, true],
    ['a tag in a list', { 'if-none-match': '"b", W/"a"' }, '"a"', undefined, true],
    ['another tag', { 'if-none-match': '"b"' }, '"a"', undefined, false],
    ['any tag', { 'if-none-match': '*' }, undefined, undefined, true],
    ['an unchanged date', { 'if-modified-since': monday }, undefined, monday, true],
    ['a changed date', { 'if-modified-since': monday }, undefined, tuesday, false],
    [
      'another tag, whatever the date',
      { 'if-none-match': '"b"', 'if-modified-since': tuesday },
      '"a"',
      monday,
      false,
    ],
    ['no-cache', { 'if-none-match': '"a"', 'cache-control': 'max-age=0, no-cache' }, '"a"', undefined, false],
    ['a date that is none', { 'if-modified-since': 'yesterday' }, undefined, monday, false],
  ])('with %s', (_name, headers, etag, lastModified, fresh) => {
    assert.equal(isFresh(headers, etag, lastModified), fresh)
  })
})
