import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { type Ask, both, type Loose } from './support/sides'

type Case = [
  name: string,
  handler: (req: Loose, res: Loose, next: Loose) => unknown,
  given?: Ask,
  settings?: Record<string, unknown>,
]

const accept = (header: string): Ask => ({ headers: { Accept: header } })
const never = new Date('2030-01-01')

const cases: readonly Case[] = [
  ['send text', (_req, res) => res.send('<p>hé</p>')],
  ['send text with a type', (_req, res) => res.type('text/plain; charset=latin1').send('x')],
  ['send text with a type by extension', (_req, res) => res.type('txt').send('x')],
  ['send a Buffer', (_req, res) => res.send(Buffer.from([1, 2, 255]))],
  ['send a Buffer with a type', (_req, res) => res.set('Content-Type', 'image/png').send(Buffer.from('x'))],
  ['send an object', (_req, res) => res.send({ a: [1, null] })],
  ['send null', (_req, res) => res.send(null)],
  ['send nothing', (_req, res) => res.send()],
  ['send true', (_req, res) => res.send(true)],
  ['send with 204', (_req, res) => res.status(204).send('x')],
  ['send with 205', (_req, res) => res.status(205).send('x')],
  ['send with 304', (_req, res) => res.status(304).send('x')],
  ['send to HEAD', (_req, res) => res.send('hello'), { method: 'HEAD' }],
  ['send with an own tag', (_req, res) => res.set('ETag', '"own"').send('x')],
  ['send a long text', (_req, res) => res.send('é'.repeat(2000))],
  ['send without tags', (_req, res) => res.send('x'), {}, { etag: false }],
  ['send with strong tags', (_req, res) => res.send('x'), {}, { etag: 'strong' }],
  [
    'send with a tag function',
    (_req, res) => res.send('x'),
    {},
    { etag: (body: Buffer | string) => `"${body.length}"` },
  ],
  ['send to one that has it', (_req, res) => res.send('x'), { headers: { 'If-None-Match': '"nope", *' } }],
  ['send to one that has anything', (_req, res) => res.send('x'), { headers: { 'If-None-Match': '*' } }],
  ['json', (_req, res) => res.json({ a: '<&>', b: undefined })],
  ['json: null', (_req, res) => res.json(null)],
  ['json: text', (_req, res) => res.json('x')],
  ['json: number', (_req, res) => res.json(300)],
  ['json: nothing', (_req, res) => res.json()],
  ['json with a type', (_req, res) => res.type('application/vnd.api+json').json({})],
  [
    'json: settings',
    (_req, res) => res.json({ a: '<&>', b: 1 }),
    {},
    {
      'json spaces': 2,
      'json escape': true,
      'json replacer': (key: string, value: unknown) => (key === 'b' ? undefined : value),
    },
  ],
  ['json with status', (_req, res) => res.status(201).json({ id: 1 })],
  ['jsonp without callback', (_req, res) => res.jsonp({ a: 1 })],
  ['jsonp', (_req, res) => res.jsonp({ a: '\u2028' }), { path: '/x?callback=foo[1].b%27();' }],
  ['jsonp: list', (_req, res) => res.jsonp({ a: 1 }), { path: '/x?callback=a&callback=b' }],
  [
    'jsonp: own name',
    (_req, res) => res.jsonp(1 as never),
    { path: '/x?cb=a' },
    { 'jsonp callback name': 'cb' },
  ],
  ['sendStatus', (_req, res) => res.sendStatus(404)],
  ['sendStatus unknown', (_req, res) => res.sendStatus(499)],
  [
    'set one, many, list',
    (_req, res) =>
      res
        .set('X-A', 1)
        .set({ 'X-B': 'b', 'X-C': ['1', '2'] })
        .header('X-D', 'd')
        .end(),
  ],
  ['set type with charset', (_req, res) => res.set('Content-Type', 'text/html').end('x')],
  [
    'set list of types',
    (_req, res) => {
      try {
        res.set('Content-Type', ['a'])
      } catch (error) {
        res.end((error as Error).message)
      }
    },
  ],
  ['get', (_req, res) => res.set('X-A', 'b').end(String(res.get('x-a')))],
  ['type', (_req, res) => res.type('json').end('{}')],
  ['type: js', (_req, res) => res.type('js').end()],
  ['type: js file', (_req, res) => res.type('lib/app.js').end()],
  ['send text with parameters', (_req, res) => res.set('Content-Type', 'text/plain; foo=bar').send('x')],
  ['type: html', (_req, res) => res.contentType('.html').end()],
  ['type: unknown', (_req, res) => res.type('nope').end()],
  [
    'append',
    (_req, res) =>
      res
        .append('X-A', '1')
        .append('X-A', ['2', '3'])
        .append('Set-Cookie', 'a=b')
        .append('Set-Cookie', 'c=d')
        .end(),
  ],
  ['vary', (_req, res) => res.vary('Accept').vary(['Origin', 'accept']).end()],
  [
    'links',
    (_req, res) => res.links({ next: 'http://a/2', last: 'http://a/5' }).links({ prev: 'http://a/1' }).end(),
  ],
  ['attachment', (_req, res) => res.attachment().end()],
  ['attachment: name', (_req, res) => res.attachment('/path/to/photo.png').end()],
  ['attachment: not ASCII', (_req, res) => res.attachment('日本 "x".txt').end()],
  ['location', (_req, res) => res.location('/é?a=b c%20%zz"<>').end()],
  ['redirect', (_req, res) => res.redirect('/there?a=b&c')],
  ['redirect: html', (_req, res) => res.redirect('/there?<b>&\'"'), accept('text/html')],
  ['redirect: text', (_req, res) => res.redirect(301, 'http://a.test/é'), accept('text/plain')],
  ['redirect: neither', (_req, res) => res.redirect('/there'), accept('image/png')],
  ['redirect: HEAD', (_req, res) => res.redirect('/there'), { method: 'HEAD', ...accept('text/html') }],
  [
    'format',
    (_req, res) => res.format({ json: () => res.json({}), html: () => res.send('<p>') }),
    accept('text/html'),
  ],
  [
    'format: type',
    (_req, res) => res.format({ 'text/plain': () => res.send('t'), 'application/json': () => res.json(1) }),
    accept('application/json'),
  ],
  [
    'format: default',
    (_req, res) => res.format({ json: () => res.json({}), default: () => res.send('d') }),
    accept('image/png'),
  ],
  [
    'cookie',
    (_req, res) =>
      res
        .cookie('a', 'b c;')
        .cookie('o', { x: 1 })
        .cookie('p', 'v', {
          path: '/p',
          httpOnly: true,
          secure: true,
          sameSite: 'lax',
          domain: 'a.test',
          expires: never,
        })
        .end(),
  ],
  [
    'cookie: encode, priority, partitioned',
    (_req, res) =>
      res
        .cookie('a', 'b', {
          encode: (text: string) => `<${text}>`.replace(/[<>]/g, '_'),
          priority: 'high',
          partitioned: true,
          sameSite: true,
        })
        .end(),
  ],
  [
    'cookie: signed',
    (req, res) => {
      req.secret = 'tea'
      res.cookie('a', 'b', { signed: true }).end()
    },
  ],
  [
    'cookie: signed without a secret',
    (_req, res) => {
      try {
        res.cookie('a', 'b', { signed: true })
      } catch (error) {
        res.end((error as Error).message)
      }
    },
  ],
  ['clearCookie', (_req, res) => res.clearCookie('a').clearCookie('b', { path: '/b', httpOnly: true }).end()],
  ['clearCookie: expires', (_req, res) => res.clearCookie('a', { expires: never }).end()],
  ['locals', (_req, res) => res.json([Object.getPrototypeOf(res.locals) === null, Object.keys(res.locals)])],
  [
    'headersSent and statusCode',
    (_req, res) => {
      const before = res.headersSent
      res.status(202).write('a')
      res.end(JSON.stringify([before, res.headersSent, res.statusCode]))
    },
  ],
  [
    'chaining',
    (_req, res) =>
      res.end(
        String(
          res ===
            res
              .status(200)
              .set('a', 'b')
              .type('txt')
              .vary('x')
              .append('y', 'z')
              .location('/')
              .links({})
              .cookie('c', 'd')
              .clearCookie('c')
              .attachment(),
        ),
      ),
  ],
]

/** Only in one major: the other throws, or does it differently by design. */
const only4: readonly Case[] = [
  ['send a status', (_req, res) => res.send(404)],
  ['send status and body', (_req, res) => res.send(201, { a: 1 })],
  ['send body and status', (_req, res) => res.send('x', 202)],
  ['json status first', (_req, res) => res.json(201, { a: 1 })],
  ['json status last', (_req, res) => res.json({ a: 1 }, 201)],
  ['jsonp status first', (_req, res) => res.jsonp(201, { a: 1 })],
  ['redirect status last', (_req, res) => res.redirect('/there', 301)],
  ['redirect back', (_req, res) => res.redirect('back'), { headers: { Referer: '/from' } }],
  ['location back', (_req, res) => res.location('back').end()],
  ['vary nothing', (_req, res) => res.vary().end()],
  ['status as text', (_req, res) => res.status('201').end()],
]
const only5: readonly Case[] = [
  ['send a number', (_req, res) => res.send(404)],
  ['send a Uint8Array', (_req, res) => res.send(new Uint8Array([104, 105]))],
  [
    'status: no integer',
    (_req, res) => {
      try {
        res.status('200')
      } catch (error) {
        res.end((error as Error).message)
      }
    },
  ],
  [
    'status: out of range',
    (_req, res) => {
      try {
        res.status(99)
      } catch (error) {
        res.end((error as Error).message)
      }
    },
  ],
  ['links: several', (_req, res) => res.links({ next: ['a', 'b'] }).end()],
]

describe.each([4, 5] as const)('connect response, semantics of Express %s', (major) => {
  it.each([...cases, ...(major === 4 ? only4 : only5)])('%s', async (_name, handler, given, settings) => {
    const { express, rage } = await both(major, handler, given, settings)

    assert.deepEqual(rage, express)
  })

  it.each([['foobar'], [Number.NaN]])('cookie: refuses a maxAge of %s', async (maxAge) => {
    const { express, rage } = await both(major, (_req, res) => {
      try {
        res.cookie('a', 'b', { maxAge })
        res.end('set')
      } catch (error) {
        res.end((error as Error).message)
      }
    })

    assert.match(express.body, /^option maxAge is invalid/)
    assert.match(rage.body, /^option maxAge is invalid/)
  })

  it('cookie: takes a maxAge of null for none', async () => {
    const { express, rage } = await both(major, (_req, res) => res.cookie('a', 'b', { maxAge: null }).end())

    assert.deepEqual(rage, express)
  })

  it('cookie: maxAge also sets expires', async () => {
    const { express, rage } = await both(major, (_req, res) => res.cookie('a', 'b', { maxAge: 60_000 }).end())
    const plain = (seen: typeof rage) => String(seen.headers['set-cookie']).replace(/\d\d:\d\d:\d\d/, 'time')

    assert.equal(plain(rage), plain(express))
  })
})

describe('connect response: format', () => {
  it.each([4, 5] as const)('hands 406 to next where nothing fits, as Express %s', async (major) => {
    const handler = (req: Loose, res: Loose) => {
      req.next = (error: Loose) => res.end(JSON.stringify([error.status, error.types]))
      res.format({ json: () => undefined, 'text/html': () => undefined })
    }

    const { express, rage } = await both(major, handler, accept('image/png'))

    assert.deepEqual(rage, express)
  })
})
