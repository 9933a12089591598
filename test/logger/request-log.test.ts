import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import supertest from 'supertest'
import { describe, it } from 'vitest'
import { Context, runInContext } from '../../src/context'
import { Scope } from '../../src/kernel'
import { createLoggers, createRequestLog, type LoggerSettings, silenceRequest } from '../../src/logger'

type Line = Record<string, unknown>

/** The lines of one request that is answered by `answer`. */
async function linesOf(
  answer: (res: ServerResponse, req: IncomingMessage) => void,
  settings: Partial<LoggerSettings> = {},
): Promise<Line[]> {
  const lines: string[] = []
  const { requestLogger } = createLoggers({
    level: 'info',
    format: 'json',
    destination: { write: (line: string) => void lines.push(line) },
    ...settings,
  })
  const log = createRequestLog(requestLogger, () => ({ arm: 'rage' }))
  const server = createServer((req, res) => {
    const context = new Context({ kind: 'request', scope: new Scope(), requestId: 'r1', tags: ['web'] })
    context.fields = { tenant: 'acme' }
    log(req, res, context)
    runInContext(context, () => answer(res, req))
  })
  // A client that is left without its answer has no part in this.
  await supertest(server)
    .get('/orders?token=secret')
    .catch(() => null)
  return lines.map((line) => JSON.parse(line))
}

async function lineOf(answer: (res: ServerResponse) => void): Promise<Line> {
  const lines = await linesOf(answer)
  assert.equal(lines.length, 1)
  return lines[0]!
}

describe('logger: the line of a request', () => {
  it('says what was asked, without the query, how it ended, and what its unit of work carries', async () => {
    const { time, durationMs, ...line } = await lineOf((res) => res.end())

    assert.equal(typeof durationMs, 'number')
    assert.match(String(time), /^\d{4}-/)
    assert.deepEqual(line, {
      level: 30,
      requestId: 'r1',
      tenant: 'acme',
      tags: ['web'],
      method: 'GET',
      path: '/orders',
      status: 200,
      arm: 'rage',
      msg: 'request completed',
    })
  })

  it('has no name twice', async () => {
    const texts: string[] = []
    await linesOf((res) => res.end(), { destination: { write: (line: string) => void texts.push(line) } })

    const names = [...texts[0]!.matchAll(/"(\w+)":/g)].map(([, name]) => name)
    assert.deepEqual(names, [...new Set(names)])
  })

  it('holds the error that was set on the response, even a frozen one', async () => {
    const line = await lineOf((res) => {
      res.err = Object.freeze(new TypeError('broken'))
      res.writeHead(500).end()
    })

    assert.equal(line.msg, 'request failed')
    assert.equal((line.err as { message: string }).message, 'broken')
  })

  it('makes no error up for a status from 500', async () => {
    const line = await lineOf((res) => res.writeHead(503).end())

    assert.equal(line.level, 50)
    assert.equal(line.status, 503)
    assert.equal(line.err, undefined)
  })

  it.each([
    ['has not begun', (res: ServerResponse) => void res.statusCode, null],
    ['is cut off', (res: ServerResponse) => void res.writeHead(206).write('half'), 206],
  ])('of a client that left says so when the answer %s', async (_name, begin, status) => {
    const [line] = await linesOf((res, req) => {
      begin(res)
      setImmediate(() => req.socket.destroy())
    })

    assert.deepEqual(
      [line!.msg, line!.status, line!.level, line!.err],
      ['request aborted', status, 30, undefined],
    )
  })

  it('is not written for a response that was silenced', async () => {
    const lines = await linesOf((res) => {
      silenceRequest(res)
      res.end()
    })

    assert.deepEqual(lines, [])
  })
})

describe('logger: req.log', () => {
  it('writes lines with the id, tags and fields of the request, wherever it is called', async () => {
    const lines = await linesOf((res, req) => {
      req.log.info({ order: 7 }, 'inside')
      runInContext(new Context({ kind: 'task', scope: new Scope(), requestId: 'other' }), () =>
        req.log.child({ part: 'x' }).info('in the context of somebody else'),
      )
      res.end()
    })

    assert.deepEqual(
      lines.map(({ msg, requestId, tags, tenant }) => [msg, requestId, tags, tenant]),
      [
        ['inside', 'r1', ['web'], 'acme'],
        ['in the context of somebody else', 'r1', ['web'], 'acme'],
        ['request completed', 'r1', ['web'], 'acme'],
      ],
    )
  })

  it('writes no id that was sent as a field', async () => {
    const texts: string[] = []
    const write = (line: string): void => void texts.push(line)

    await linesOf(
      (res, req) => {
        req.log.info({ requestId: 'forged', order: 7 }, 'body')
        res.end()
      },
      { destination: { write } },
    )

    assert.doesNotMatch(texts[0]!, /forged/)
    assert.deepEqual([JSON.parse(texts[0]!).requestId, JSON.parse(texts[0]!).order], ['r1', 7])
  })
})
