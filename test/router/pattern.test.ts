/** What may be written as the path of a route. */
import assert from 'node:assert'
import { describe, it } from 'vitest'
import { BadPatternError } from '../../src/router'
import { joinPath, parsePattern } from '../../src/router/pattern'

describe('router: a path pattern', () => {
  it('is read into segments of text, parameters and a wildcard', () => {
    assert.deepEqual(parsePattern('/v:major.:minor/:id(\\d+)/*rest', 'a:1'), [
      [
        { kind: 'text', text: 'v' },
        { kind: 'param', name: 'major', allowed: null },
        { kind: 'text', text: '.' },
        { kind: 'param', name: 'minor', allowed: null },
      ],
      [{ kind: 'param', name: 'id', allowed: '\\d+' }],
      [{ kind: 'wildcard', name: 'rest' }],
    ])
    assert.deepEqual(parsePattern('/', 'a:1'), [])
    assert.deepEqual(parsePattern('/a/', 'a:1'), [[{ kind: 'text', text: 'a' }]])
    assert.deepEqual(parsePattern('/*', 'a:1'), [[{ kind: 'wildcard', name: '*' }]])
    assert.deepEqual(parsePattern('/:id((?:a|b\\)))', 'a:1'), [
      [{ kind: 'param', name: 'id', allowed: '(?:a|b\\))' }],
    ])
  })

  const refused: readonly (readonly [string, RegExp])[] = [
    ['/a//b', /empty segment/],
    ['/:id?', /"\?", which has no meaning/],
    ['/a+', /"\+", which has no meaning/],
    ['/a{/b}', /"\{", which has no meaning/],
    ['/(a|b)', /"\(", which has no meaning/],
    ['/a b', /" ", which has no meaning/],
    ['/café', /"é", which has no meaning/],
    ['/50%', /"%", which has no meaning/],
    ['/a#b', /"#", which has no meaning/],
    ['/:', /":" without a parameter name/],
    ['/:1a', /":" without a parameter name/],
    ['/:a/:a', /two parameters named "a"/],
    ['/:a:b', /no text between "b" and the parameter before it/],
    ['/*rest/edit', /not the whole last segment/],
    ['/a*', /not the whole last segment/],
    ['/:id(\\d+', /"\(" that is not closed/],
    ['/:id()', /empty "\(\)"/],
    ['/:id((a|b))', /capturing group/],
    ['/:id([)', /not a regular expression/],
    ['/:id(^a$)', /"\^" or "\$"/],
  ]
  for (const [pattern, reason] of refused) {
    it(`is refused as ${pattern}, with the place where it was written`, () => {
      assert.throws(
        () => parsePattern(pattern, 'routes.js:7'),
        (error: unknown) => {
          assert.ok(error instanceof BadPatternError)
          assert.match(error.message, reason)
          assert.match(error.message, /at routes\.js:7/)
          return true
        },
      )
    })
  }
})

describe('router: a path below a prefix', () => {
  it('has one slash between, whether or not it begins with one', () => {
    assert.equal(joinPath('', 'articles', 'a:1'), '/articles')
    assert.equal(joinPath('', '/', 'a:1'), '/')
    assert.equal(joinPath('/api', '/articles/', 'a:1'), '/api/articles/')
    assert.equal(joinPath('/api/', 'articles', 'a:1'), '/api/articles')
    assert.equal(joinPath('/api', '/', 'a:1'), '/api')
    assert.equal(joinPath('/', 'a', 'a:1'), '/a')
  })

  it('is a string', () => {
    assert.throws(() => joinPath('', /a/, 'a:1'), BadPatternError)
  })
})
