import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { preferredType, type Request, type Response, varyOn } from '../../src/http'

const asking = (accept?: string) => ({ headers: accept === undefined ? {} : { accept } }) as Request

describe('http: negotiation', () => {
  it.each<[string | undefined, readonly string[], string | null]>([
    [undefined, ['json', 'html'], 'json'],
    ['*/*', ['html', 'json'], 'html'],
    ['text/html', ['json'], null],
    ['text/html;q=0.1, application/json;q=0.2', ['html', 'json'], 'json'],
    ['application/json;q=0, */*', ['json', 'html'], 'html'],
    ['text/*;q=1, text/html;q=0.2, text/csv', ['html', 'csv'], 'csv'],
    ['text/html, application/json', ['json', 'html'], 'html'],
    ['application/vnd.api+json', ['application/vnd.api+json'], 'application/vnd.api+json'],
    ['nonsense', ['json'], null],
    ['*/*', [], null],
  ])('for Accept %j of %j is %j', (accept, offered, chosen) => {
    assert.equal(preferredType(asking(accept), offered), chosen)
  })

  it('adds to Vary what does not stand there yet', () => {
    const headers = new Map<string, unknown>([['Vary', 'Origin']])
    const res = {
      getHeader: (name: string) => headers.get(name),
      setHeader: (name: string, value: unknown) => headers.set(name, value),
    } as unknown as Response
    varyOn(res, 'Accept')
    varyOn(res, 'accept')

    assert.equal(headers.get('Vary'), 'Origin, Accept')
  })
})
