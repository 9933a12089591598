/** `GET http://host/path HTTP/1.1` (RFC 9112, section 3.2.2): the same route, wherever the runtime stands. */
import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, it } from 'vitest'
import { Controller } from '../src'
import { majors } from './adapters/express/support/majors'
import { answerTo, closed, listening } from './adapters/express/support/wire'
import { makeRage } from './runtime/support/runtimes'

// biome-ignore lint/suspicious/noExplicitAny: as plain JavaScript would write them.
type Loose = any

class Orders extends Controller {
  show() {
    return { id: this.params.id, page: this.params.page }
  }
}

function owning(): Loose {
  const { rage } = makeRage({ logger: { requests: false } })
  return rage.routes((r) => {
    r.get('/orders/:id', [Orders, 'show'])
    r.get('/read', (req: Loose, res: Loose) => res.json([req.url, req.path, req.query.a, req.originalUrl]))
    r.mount('/below', (req: Loose, res: Loose) => res.end(`${req.baseUrl} ${req.url}`))
  })
}

async function answers(listener: RequestListener, lines: readonly string[]): Promise<string[]> {
  const server = await listening(listener)
  try {
    const all: string[] = []
    for (const line of lines) {
      const answer = await answerTo(server, line)
      all.push(`${answer.split(' ', 2)[1]} ${answer.slice(answer.indexOf('\r\n\r\n') + 4)}`)
    }
    return all
  } finally {
    await closed(server)
  }
}

const owned = [
  'GET http://shop.example.com/orders/7?page=2',
  'GET HTTP://shop.example.com:80/orders/7?page=2',
  'GET http://elsewhere.test/read?a=b',
  'GET http://shop.example.com/below/there?a',
]
const expected = [
  '200 {"id":"7","page":"2"}',
  '200 {"id":"7","page":"2"}',
  '200 ["http://elsewhere.test/read?a=b","/read","b","http://elsewhere.test/read?a=b"]',
  '200 /below http://shop.example.com/there?a',
]
/** Express reads a path out of these, and ours must not be a looser reading. */
const strange = ['GET http://user@shop.example.com/orders/7', 'GET http://shop.example.com//orders/7']

describe('absolute form: rage.handler()', () => {
  it('meets the routes of its path', async () => {
    assert.deepEqual(await answers(owning().handler(), owned), expected)
  })

  it('meets none where the path is not plain to see', async () => {
    const statuses = (await answers(owning().handler(), strange)).map((answer) => answer.slice(0, 3))

    assert.deepEqual(statuses, ['404', '404'])
  })

  it('says which methods there are', async () => {
    const server = await listening(owning().handler())

    assert.match(
      await answerTo(server, 'DELETE http://shop.example.com/orders/7'),
      /^HTTP\/1.1 405 .*^Allow: GET, HEAD\r$/ms,
    )
    await closed(server)
  })
})

describe.each(majors)('absolute form: %s', (_name, express) => {
  it('meets the routes of rage.front(app)', async () => {
    assert.deepEqual(await answers(owning().front(express()), owned), expected)
  })

  it('meets the routes of rage.mount()', async () => {
    const app = express()
    app.use(owning().mount())

    assert.deepEqual(await answers(app as unknown as RequestListener, owned), expected)
  })

  it('leaves to the app what it alone can read', async () => {
    const app = express()
    app.use((_req, res) => void res.send('legacy'))

    for (const listener of [owning().front(app), app as unknown as RequestListener])
      assert.deepEqual(await answers(listener, strange), ['200 legacy', '200 legacy'])
  })
})
