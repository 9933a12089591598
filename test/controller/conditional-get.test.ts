import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Controller } from '../../src/controller'
import { serve } from './support/serve'

const monday = new Date('2026-11-02T10:00:00.500Z')
const tuesday = new Date('2026-11-03T10:00:00Z')

class Orders extends Controller {
  show() {
    if (this.stale({ etag: { id: 7 }, lastModified: monday })) return { id: 7 }
  }
  dated() {
    if (this.stale({ lastModified: monday, public: true })) this.render({ text: 'dated' })
  }
  only() {
    this.freshWhen({ etag: 'v1' })
  }
  view() {
    if (this.stale({ etag: 'v1', template: '2' })) return {}
  }
  cached() {
    this.expiresIn(60.9, { public: true, mustRevalidate: true, staleWhileRevalidate: 5 })
    return {}
  }
  mine() {
    this.expiresIn(10)
    return {}
  }
  negative() {
    this.expiresIn(-1)
  }
  invalid() {
    this.stale({ lastModified: new Date('x') })
  }
}

const agent = serve(Orders, 'show')
const etagOf = async (action: string): Promise<string> => (await serve(Orders, action).get('/')).headers.etag!

describe('controller: conditional GET', () => {
  it('sets weak validators and lets nobody keep the response unasked', async () => {
    const { headers } = await agent.get('/')

    assert.match(headers.etag!, /^W\/"[^"]+"$/)
    assert.equal(headers['last-modified'], 'Mon, 02 Nov 2026 10:00:00 GMT')
    assert.equal(headers['cache-control'], 'max-age=0, private, must-revalidate')
  })

  it('answers 304 without a body for the same tag, compared weakly, alone or in a list', async () => {
    const etag = await etagOf('show')
    for (const given of [etag, etag.slice(2), `"other", ${etag}`, '*']) {
      const res = await agent.get('/').set('If-None-Match', given)

      assert.equal(res.status, 304, given)
      assert.equal(res.text, '')
      assert.equal(res.headers['content-type'], undefined)
      assert.equal(res.headers.etag, etag)
    }
  })

  it('asks If-None-Match first: a date does not save another tag', async () => {
    const res = await agent
      .get('/')
      .set({ 'If-None-Match': '"other"', 'If-Modified-Since': tuesday.toUTCString() })

    assert.equal(res.status, 200)
  })

  it('answers 304 for an unchanged date, to the second', async () => {
    const dated = serve(Orders, 'dated')

    assert.equal((await dated.get('/').set('If-Modified-Since', monday.toUTCString())).status, 304)
    assert.equal((await dated.get('/').set('If-Modified-Since', tuesday.toUTCString())).status, 304)
    const older = await dated.get('/').set('If-Modified-Since', 'Sun, 01 Nov 2026 10:00:00 GMT')
    assert.equal(older.status, 200)
    assert.equal(older.headers['cache-control'], 'public')
  })

  it('makes another tag for another version of the view', async () => {
    assert.notEqual(await etagOf('view'), await etagOf('only'))
  })

  it('never skips a write', async () => {
    const etag = await etagOf('show')

    assert.equal((await agent.post('/').set('If-None-Match', etag)).status, 200)
  })

  it('freshWhen answers 304 or, with nothing else rendered, 204', async () => {
    const etag = await etagOf('only')

    assert.equal((await serve(Orders, 'only').get('/').set('If-None-Match', etag)).status, 304)
    assert.equal((await serve(Orders, 'only').get('/')).status, 204)
  })

  it('expiresIn writes Cache-Control in whole seconds, private unless said otherwise', async () => {
    assert.equal(
      (await serve(Orders, 'cached').get('/')).headers['cache-control'],
      'max-age=60, public, must-revalidate, stale-while-revalidate=5',
    )
    assert.equal((await serve(Orders, 'mine').get('/')).headers['cache-control'], 'max-age=10, private')
  })

  it.each(['negative', 'invalid'])('refuses what is no time: %s', async (action) => {
    assert.match((await serve(Orders, action).get('/')).text, /RAGE_KERNEL_INVALID_OPTION/)
  })
})
