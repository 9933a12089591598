/**
 * No app can tell whether a mount stands in front of it: each of `support/express-cases.mjs` runs without, with mounts that
 * own nothing, with mounts that own other routes, and behind `rage.context()`, and every byte on the wire and everything a
 * handler can see is the same.
 */
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { RequestListener } from 'node:http'
import { afterAll, beforeAll, describe, it, vi } from 'vitest'
import { createRage, type Rage } from '../../../src'
import { cases, type Tools } from './support/express-cases.mjs'
import { majors } from './support/majors'
import { answerTo, closed, listening } from './support/wire'

interface Observed {
  readonly answers: readonly string[]
  readonly notes: readonly unknown[]
}

type Use = (...args: unknown[]) => unknown

const runtimes: Rage[] = []
const runtime = (): Rage => {
  const rage = createRage({ signals: false, logger: { level: 'silent', requests: false } })
  runtimes.push(rage)
  return rage
}
// Express writes errors to the console in production.
beforeAll(() => void vi.spyOn(console, 'error').mockImplementation(() => undefined))
afterAll(() => Promise.all(runtimes.map((rage) => rage.stop())))

const empty = runtime()
const owner = runtime()
owner.routes((r) => {
  r.get('/rage-owned/:id', () => undefined)
  r.post('/rage-owned/*rest', () => undefined)
})
const contextual = runtime()

const variants: Readonly<Record<string, (use: Use) => void>> = {
  'with a mount that owns nothing': (use) => use(empty.mount()),
  'with a mount that owns other routes': (use) => use(owner.mount()),
  'with rage.context() and a mount': (use) => use(contextual.context(), contextual.mount()),
}

describe.each(majors)('transparency: an app in %s', (name, express) => {
  const major = name === 'Express 4' ? 4 : 5

  for (const { name: what, app, requests, only, notContext } of cases) {
    if (only !== undefined && only !== major) continue
    it(`is the same with and without mounts: ${what}`, async () => {
      const alone = await observe(() => undefined)
      for (const [variant, arrange] of Object.entries(variants)) {
        if (notContext && variant.includes('context')) continue
        const allowing = variant.includes('context') ? allowForContext : same
        const seen = allowing(await observe(arrange))
        const expected = allowing(alone)
        for (const [index, request] of requests.entries())
          assert.equal(seen.answers[index], expected.answers[index], `${variant}: ${JSON.stringify(request)}`)
        assert.deepEqual(seen.notes, expected.notes, variant)
      }

      async function observe(arrange: (use: Use) => void): Promise<Observed> {
        const notes: unknown[] = []
        const server = await listening(app(toolsFor(arrange, notes)) as unknown as RequestListener)
        try {
          const answers = []
          for (const request of requests) answers.push(await answerTo(server, request))
          return { answers, notes }
        } finally {
          await closed(server)
        }
      }
    })
  }

  function toolsFor(arrange: (use: Use) => void, notes: unknown[]): Tools {
    const create = (): unknown => {
      const made = express()
      arrange((...args) => (made.use as Use)(...args))
      return made
    }
    const note = (...values: unknown[]): void => void notes.push(values)
    return {
      major,
      note,
      express: Object.assign(create, express) as unknown as Tools['express'],
      mount: (target, path) => {
        arrange((...args) => (target as { use: Use }).use(...(path === undefined ? [] : [path]), ...args))
      },
      probe: (label) => probe(label, note) as never,
      boom: (message, status) =>
        Object.assign(
          new Error(message),
          { stack: `Error: ${message}\n    at here` },
          status ? { status } : {},
        ),
    }
  }
})

/** `rage.context()` pins its context to the request, under a symbol, and its frames are in natural stacks. */
function allowForContext({ answers, notes }: Observed): Observed {
  const pin = /"Symbol\(rage#\d+\.request\)",?/g
  return {
    answers: answers.map((answer) =>
      answer.includes('/node_modules/') ? answer.replace(/<br>.*<\/pre>|Content-Length: \d+/g, '') : answer,
    ),
    notes: notes.map((note) => {
      const [label, seen] = JSON.parse(JSON.stringify(note).replace(pin, '').replaceAll(',]', ']'))
      // Any middleware in front has Express 5 set params before route, not after it.
      return [
        label,
        seen?.keys === undefined ? seen : { ...seen, keys: seen.keys.map((keys: string[]) => keys.sort()) },
      ]
    }),
  }
}

function same(observed: Observed): Observed {
  return observed
}

const storage = new AsyncLocalStorage()

// biome-ignore lint/suspicious/noExplicitAny: the point is to look at everything
type Seen = any

/** A middleware that writes down everything about a request and its response that could give us away. */
function probe(label: string, note: (...values: unknown[]) => void) {
  return (req: Seen, res: Seen, next: () => void): void => {
    note(label, {
      keys: [keysOf(req), keysOf(res), keysOf(req.socket).filter(isSettled)],
      prototypes: [prototypesOf(req), prototypesOf(res)],
      app: [Object.getPrototypeOf(req) === req.app?.request, res.app === req.app],
      listeners: [listenersOf(req), listenersOf(res), listenersOf(req.socket)],
      stream: [req.readableFlowing, req.readableEncoding, req.readableLength, req.readableDidRead],
      url: [req.url, req.baseUrl, req.originalUrl, req.params, req.method],
      response: [res.statusCode, res.headersSent, res.getHeaders()],
      locals: keysOf(res.locals),
      globals: Object.keys(globalThis).length,
      context: storage.getStore(),
    })
    next()
  }
}

function keysOf(value: object): string[] {
  return Reflect.ownKeys(value).map(String)
}

/** Node sets a timeout between two requests of a connection, if the first is over when the second arrives. */
function isSettled(key: string): boolean {
  return key !== 'timeout'
}

function prototypesOf(value: object): string[] {
  const names: string[] = []
  for (let at = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at))
    names.push(`${Object.keys(at)} ${Object.hasOwn(at, 'constructor') ? at.constructor.name : '-'}`)
  return names
}

function listenersOf(emitter: object): string[] {
  const { eventNames, listenerCount } = emitter as NodeJS.EventEmitter
  return eventNames
    .call(emitter as never)
    .map((event) => `${String(event)} ${listenerCount.call(emitter as never, event as string)}`)
}
